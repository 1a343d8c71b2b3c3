/** The entry: the header made from one recorded event, and the hashes that cover header and bytes. */
import { sha256 } from './hash.js';
import { decodeMetadata } from './metadata.js';
import { entryName } from './name.js';
import type { Hash, Header, Index, Instant, Judgement, RecordedEvent } from './types.js';

/** Where an event comes to stand in the ledger. */
export interface Place {
  readonly index: Index;
  /** hash of the entry at index−1, NO_HASH for index 0 */
  readonly previous: Hash;
  /** hash of the source's entry before, null for its first */
  readonly previousInSource: Hash | null;
}

/** What an event's metadata says of it, as far as the header repeats it. */
export type Attribution = Pick<Header, 'recordedAt' | 'occurredAt' | 'recordedBy' | 'actor'>;

/**
 * The header of one event. A function of the log alone: the same event at the same place gives the same header, on
 * every machine and at any time. Takes whatever a log can hold.
 */
export function headerFor(event: RecordedEvent, judgement: Judgement, place: Place): Header {
  return {
    v: 1,
    index: place.index,
    id: event.id,
    source: entryName(event.source),
    type: entryName(event.type),
    revision: event.revision,
    schema: judgement.schema,
    verdict: judgement.verdict,
    ...attribution(event.metadata, event.loggedAt),
    content: contentHash(event.data, event.metadata),
    previous: place.previous,
    previousInSource: place.previousInSource,
  };
}

/**
 * Times and names of the header: those of the metadata when it has our form; for a foreign event nothing that it
 * claims, and the log's own time.
 */
export function attribution(metadata: Buffer, loggedAt: Instant): Attribution {
  const known = decodeMetadata(metadata);
  if (known === null) return { recordedAt: loggedAt, occurredAt: null, recordedBy: null, actor: null };
  const { recordedAt, occurredAt, recordedBy, actor } = known;
  return { recordedAt, occurredAt, recordedBy, actor };
}

/** SHA-256(uint64be(byte length of data) ‖ data ‖ metadata): the length keeps the two apart. */
export function contentHash(data: Uint8Array, metadata: Uint8Array): Hash {
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(data.length));
  return sha256(length, data, metadata);
}

/** The header as RFC 8785 writes it: the members in the order of their names, without white space. */
export function headerBytes(header: Header): Buffer {
  // strings, safe integers and null: JSON.stringify writes them as RFC 8785 (3.2.2) does
  const inOrder = {
    actor: header.actor,
    content: header.content,
    id: header.id,
    index: header.index,
    occurredAt: header.occurredAt,
    previous: header.previous,
    previousInSource: header.previousInSource,
    recordedAt: header.recordedAt,
    recordedBy: header.recordedBy,
    revision: header.revision,
    schema: header.schema,
    source: header.source,
    type: header.type,
    v: header.v,
    verdict: header.verdict,
  };
  return Buffer.from(JSON.stringify(inOrder), 'utf8');
}

const LEAF = Buffer.of(0);

/** SHA-256(0x00 ‖ header bytes): the leaf hash of RFC 6962 (2.1), so that one hash serves chain and tree. */
export function entryHash(bytes: Uint8Array): Hash {
  return sha256(LEAF, bytes);
}
