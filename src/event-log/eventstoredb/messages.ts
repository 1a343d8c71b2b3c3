/** The protocol's messages: what is asked, and what is answered, as values of ours. */
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { AppendReq, AppendResp, ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import { LedgerError } from '../../ledger/error.js';
import { instantFromMs } from '../../ledger/time.js';
import type { EventId, Instant, Position } from '../../ledger/types.js';
import type { Candidate } from '../port.js';
import { formatPosition, parsePosition, type LogPosition } from './position.js';

/** One record of any stream, exactly as the server has it. */
export interface LogRecord {
  readonly stream: string;
  /** 9223372036854775807 for a tombstone */
  readonly revision: bigint;
  readonly id: EventId;
  readonly type: string;
  readonly data: Buffer;
  readonly metadata: Buffer;
  /** null in a stream whose server does not know it; never null in $all */
  readonly position: Position | null;
  /** the server's time of recording, cut to milliseconds */
  readonly created: Instant;
}

export type Answer =
  | { readonly kind: 'record'; readonly record: LogRecord }
  | { readonly kind: 'no-stream' }
  /** the subscription has delivered what was there */
  | { readonly kind: 'caught-up' }
  | { readonly kind: 'other' };

/** What an append did. */
export type AppendAnswer =
  /** placed: the server says where in the log; not of what it takes for a repetition and does not show */
  | { readonly kind: 'appended'; readonly lastRevision: number; readonly placed: boolean }
  /** lastRevision −1: there is no such stream */
  | { readonly kind: 'wrong-revision'; readonly lastRevision: number };

/** A revision that no stream ends with: who expects it is told the one that is there, and writes nothing. */
export const NOWHERE = Number.MAX_SAFE_INTEGER;

/** @param lastRevision the revision that the stream must end with, −1 for a stream that does not exist */
export function appendRequest(
  stream: string,
  lastRevision: number,
  candidates: readonly Candidate[],
): readonly AppendReq[] {
  const options = new streams.AppendReq.Options();
  options.setStreamIdentifier(identifierOf(stream));
  if (lastRevision < 0) options.setNoStream(new shared.Empty());
  else options.setRevision(String(lastRevision));
  const header = new streams.AppendReq();
  header.setOptions(options);
  return [header, ...candidates.map(proposalOf)];
}

function proposalOf({ id, type, data, metadata }: Candidate): AppendReq {
  const uuid = new shared.UUID();
  uuid.setString(id);
  const message = new streams.AppendReq.ProposedMessage();
  message.setId(uuid);
  message.getMetadataMap().set('type', type);
  // so that other tools show it as JSON; the server keeps the bytes as they are
  message.getMetadataMap().set('content-type', 'application/json');
  message.setData(data);
  message.setCustomMetadata(metadata);
  const request = new streams.AppendReq();
  request.setProposedMessage(message);
  return request;
}

export function appendAnswer(response: AppendResp): AppendAnswer {
  const success = response.getSuccess();
  if (success !== undefined) {
    return {
      kind: 'appended',
      lastRevision: success.hasNoStream() ? -1 : Number(success.getCurrentRevision()),
      placed: success.hasPosition(),
    };
  }
  const wrong = response.getWrongExpectedVersion();
  if (wrong === undefined) throw new LedgerError('internal', 'EventStoreDB answered an append with nothing');
  return {
    kind: 'wrong-revision',
    lastRevision: wrong.hasCurrentRevision() ? Number(wrong.getCurrentRevision()) : -1,
  };
}

export interface StreamRead {
  readonly stream: string;
  /** inclusive; null: the start, or the end when reading backwards */
  readonly from: number | null;
  readonly backwards: boolean;
  readonly limit: number;
}

export function readStreamRequest({ stream, from, backwards, limit }: StreamRead): ReadReq {
  const place = new streams.ReadReq.Options.StreamOptions();
  place.setStreamIdentifier(identifierOf(stream));
  if (from !== null) place.setRevision(String(from));
  else if (backwards) place.setEnd(new shared.Empty());
  else place.setStart(new shared.Empty());
  const options = optionsFor(backwards);
  options.setStream(place);
  options.setNoFilter(new shared.Empty());
  options.setCount(String(limit));
  return requestOf(options);
}

export interface LogRead {
  /** null: the start, or the end when reading backwards. A read includes it, a subscription does not */
  readonly from: Position | null;
  readonly backwards: boolean;
  /** null: a subscription */
  readonly limit: number | null;
  /** what the names of the streams begin with */
  readonly prefixes: readonly string[];
}

/** The server says how far it has looked about every 32 × this many records: rarely enough to cost nothing. */
const CHECKPOINT_EVERY = 1_000;

export function readLogRequest({ from, backwards, limit, prefixes }: LogRead): ReadReq {
  const expression = new streams.ReadReq.Options.FilterOptions.Expression();
  expression.setPrefixList([...prefixes]);
  const filter = new streams.ReadReq.Options.FilterOptions();
  filter.setStreamIdentifier(expression);
  filter.setCount(new shared.Empty());
  filter.setCheckpointintervalmultiplier(CHECKPOINT_EVERY);
  const options = optionsFor(backwards);
  options.setAll(placeInLog(from, backwards));
  options.setFilter(filter);
  if (limit === null) options.setSubscription(new streams.ReadReq.Options.SubscriptionOptions());
  else options.setCount(String(limit));
  return requestOf(options);
}

function placeInLog(from: Position | null, backwards: boolean): ReadReq.Options.AllOptions {
  const all = new streams.ReadReq.Options.AllOptions();
  if (from !== null) {
    const { commit, prepare } = parsePosition(from);
    const position = new streams.ReadReq.Options.Position();
    position.setCommitPosition(String(commit));
    position.setPreparePosition(String(prepare));
    all.setPosition(position);
  } else if (backwards) all.setEnd(new shared.Empty());
  else all.setStart(new shared.Empty());
  return all;
}

function optionsFor(backwards: boolean): ReadReq.Options {
  const { FORWARDS, BACKWARDS } = streams.ReadReq.Options.ReadDirection;
  const uuid = new streams.ReadReq.Options.UUIDOption();
  uuid.setString(new shared.Empty());
  const options = new streams.ReadReq.Options();
  options.setReadDirection(backwards ? BACKWARDS : FORWARDS);
  options.setResolveLinks(false);
  options.setUuidOption(uuid);
  return options;
}

function requestOf(options: ReadReq.Options): ReadReq {
  const request = new streams.ReadReq();
  request.setOptions(options);
  return request;
}

function identifierOf(stream: string): InstanceType<typeof shared.StreamIdentifier> {
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(stream));
  return identifier;
}

export function readAnswer(answer: ReadResp): Answer {
  const event = answer.getEvent();
  if (event !== undefined) {
    // links are not resolved: a link is the event of its place
    const record = event.getEvent() ?? event.getLink();
    return record === undefined ? { kind: 'other' } : { kind: 'record', record: recordOf(record) };
  }
  if (answer.hasStreamNotFound()) return { kind: 'no-stream' };
  if (answer.hasCaughtUp()) return { kind: 'caught-up' };
  return { kind: 'other' };
}

const TICKS_PER_MS = 10_000n;

function recordOf(record: ReadResp.ReadEvent.RecordedEvent): LogRecord {
  const attributes = record.getMetadataMap();
  const position: LogPosition = {
    commit: BigInt(record.getCommitPosition()),
    prepare: BigInt(record.getPreparePosition()),
  };
  return {
    stream: Buffer.from(record.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString(),
    revision: BigInt(record.getStreamRevision()),
    id: (record.getId()?.getString() ?? '').toLowerCase() as EventId,
    type: attributes.get('type') ?? '',
    data: bufferOf(record.getData_asU8()),
    metadata: bufferOf(record.getCustomMetadata_asU8()),
    position: formatPosition(position),
    // 100 ns since 1970, beyond what a number holds
    created: instantFromMs(Number(BigInt(attributes.get('created') ?? 0) / TICKS_PER_MS)),
  };
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
