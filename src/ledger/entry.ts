/** The entry: the header made from one recorded event, and the hashes that cover header and bytes. */
import { sha256, sha256OfText } from './hash.js';
import { attributionIn, FOREIGN } from './metadata.js';
import { entryName } from './name.js';
import type { Hash, Header, Index, Judgement, RecordedEvent } from './types.js';

/** Where an event comes to stand in the ledger. */
export interface Place {
  readonly index: Index;
  /** hash of the entry at index−1, NO_HASH for index 0 */
  readonly previous: Hash;
  /** hash of the source's entry before, null for its first */
  readonly previousInSource: Hash | null;
}

/**
 * The header of one event. A function of the log alone: the same event at the same place gives the same header, on
 * every machine and at any time. Takes whatever a log can hold.
 */
export function headerFor(event: RecordedEvent, judgement: Judgement, place: Place): Header {
  const { recordedAt, occurredAt, recordedBy, actor } = attribution(event);
  return {
    v: 1,
    index: place.index,
    id: event.id,
    source: entryName(event.source),
    type: entryName(event.type),
    revision: event.revision,
    schema: judgement.schema,
    verdict: judgement.verdict,
    occurredAt,
    recordedAt,
    recordedBy,
    actor,
    content: contentHash(event.data, event.metadata),
    previous: place.previous,
    previousInSource: place.previousInSource,
  };
}

/**
 * Times and names of the header: those of the metadata when it has our form; for a foreign event nothing that it
 * claims, and the log's own time.
 */
function attribution({
  metadata,
  loggedAt,
}: RecordedEvent): Pick<Header, 'recordedAt' | 'occurredAt' | 'recordedBy' | 'actor'> {
  return attributionIn(metadata) ?? { ...FOREIGN, recordedAt: loggedAt };
}

/** SHA-256(uint64be(byte length of data) ‖ data ‖ metadata): the length keeps the two apart. */
export function contentHash(data: Uint8Array, metadata: Uint8Array): Hash {
  // no buffer reaches 2^53 bytes
  byteLength.setUint32(0, Math.floor(data.length / 2 ** 32));
  byteLength.setUint32(4, data.length % 2 ** 32);
  return sha256(LENGTH, data, metadata);
}

const LENGTH = new Uint8Array(8);
const byteLength = new DataView(LENGTH.buffer);

/** The header as RFC 8785 writes it: the members in the order of their names, without white space. */
export function headerBytes(header: Header): Buffer {
  return Buffer.from(headerText(header), 'utf8');
}

/** The same as text. */
export function headerText(header: Header): string {
  return (
    `{"actor":${text(header.actor)},"content":"${header.content}","id":"${header.id}","index":${header.index}` +
    `,"occurredAt":${plain(header.occurredAt)},"previous":"${header.previous}"` +
    `,"previousInSource":${plain(header.previousInSource)},"recordedAt":"${header.recordedAt}"` +
    `,"recordedBy":${text(header.recordedBy)},"revision":${header.revision},"schema":${plain(header.schema)}` +
    `,"source":${text(header.source)},"type":${text(header.type)},"v":${header.v},"verdict":"${header.verdict}"}`
  );
}

/** Of hex digits, times, UUIDs and verdicts: nothing of them is ever escaped. */
function plain(value: string | null): string {
  return value === null ? 'null' : `"${value}"`;
}

/** Anything that is not printable ASCII, and what must be escaped there. */
const UNUSUAL = /[^ !#-[\]-~]/;

/** JSON.stringify writes strings as RFC 8785 (3.2.2.2) does. */
function text(value: string | null): string {
  return value === null || !UNUSUAL.test(value) ? plain(value) : JSON.stringify(value);
}

const LEAF = Buffer.of(0);

/** SHA-256(0x00 ‖ header bytes): the leaf hash of RFC 6962 (2.1), so that one hash serves chain and tree. */
export function entryHash(bytes: Uint8Array): Hash {
  return sha256(LEAF, bytes);
}

/** The same of a header whose bytes nobody needs. */
export function headerHash(header: Header): Hash {
  return sha256OfText(`\0${headerText(header)}`);
}
