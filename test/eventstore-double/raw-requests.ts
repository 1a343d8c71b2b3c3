/** The messages that a raw client sends. */
import { randomUUID } from 'node:crypto';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ExpectedRevision } from './record.js';

export interface RawEvent {
  /** default: a new one */
  readonly id?: string;
  /** null: the property is left out */
  readonly type?: string | null;
  /** null: the property is left out */
  readonly contentType?: string | null;
  readonly data?: Buffer | string;
  readonly metadata?: Buffer | string;
}

export interface ReadWhat {
  /** absent: $all */
  readonly stream?: string;
  /** a revision, or a position in $all; default: the start, or the end when reading backwards */
  readonly from?: bigint | 'start' | 'end';
  readonly direction?: 'forwards' | 'backwards';
  readonly count?: number;
  /** of stream names, in $all */
  readonly prefixes?: readonly string[];
  /** of event types, in $all; instead of prefixes */
  readonly typeRegex?: string;
  /** so many records are considered between two checkpoints */
  readonly window?: number;
  readonly subscription?: boolean;
  /** as two 64-bit numbers instead of a string */
  readonly structuredIds?: boolean;
}

export function appendRequests(
  stream: string,
  events: readonly RawEvent[],
  expected: ExpectedRevision,
): readonly streams.AppendReq[] {
  const options = expecting(new streams.AppendReq.Options(), stream, expected);
  return [
    new streams.AppendReq().setOptions(options),
    ...events.map((event) => new streams.AppendReq().setProposedMessage(proposedMessage(event))),
  ];
}

export function deleteRequest(stream: string, expected: ExpectedRevision): streams.DeleteReq {
  return new streams.DeleteReq().setOptions(expecting(new streams.DeleteReq.Options(), stream, expected));
}

export function tombstoneRequest(stream: string, expected: ExpectedRevision): streams.TombstoneReq {
  const options = expecting(new streams.TombstoneReq.Options(), stream, expected);
  return new streams.TombstoneReq().setOptions(options);
}

export function readRequest(what: ReadWhat): streams.ReadReq {
  const options = new streams.ReadReq.Options();
  const { direction = 'forwards', count = 1_000_000 } = what;
  const from = what.from ?? (direction === 'forwards' ? 'start' : 'end');
  if (what.stream === undefined) options.setAll(ofAll(from));
  else options.setStream(ofStream(what.stream, from));
  const { FORWARDS, BACKWARDS } = streams.ReadReq.Options.ReadDirection;
  options.setReadDirection(direction === 'forwards' ? FORWARDS : BACKWARDS);
  if (what.subscription) options.setSubscription(new streams.ReadReq.Options.SubscriptionOptions());
  else options.setCount(String(count));
  const filter = filterOf(what);
  if (filter) options.setFilter(filter);
  else options.setNoFilter(new shared.Empty());
  const uuids = new streams.ReadReq.Options.UUIDOption();
  if (what.structuredIds) uuids.setStructured(new shared.Empty());
  else uuids.setString(new shared.Empty());
  return new streams.ReadReq().setOptions(options.setUuidOption(uuids));
}

function ofAll(from: bigint | 'start' | 'end'): streams.ReadReq.Options.AllOptions {
  const all = new streams.ReadReq.Options.AllOptions();
  if (from === 'start') return all.setStart(new shared.Empty());
  if (from === 'end') return all.setEnd(new shared.Empty());
  const position = new streams.ReadReq.Options.Position();
  position.setCommitPosition(String(from)).setPreparePosition(String(from));
  return all.setPosition(position);
}

function ofStream(name: string, from: bigint | 'start' | 'end'): streams.ReadReq.Options.StreamOptions {
  const stream = new streams.ReadReq.Options.StreamOptions().setStreamIdentifier(identifier(name));
  if (from === 'start') return stream.setStart(new shared.Empty());
  if (from === 'end') return stream.setEnd(new shared.Empty());
  return stream.setRevision(String(from));
}

function filterOf(what: ReadWhat): streams.ReadReq.Options.FilterOptions | null {
  if (what.prefixes === undefined && what.typeRegex === undefined) return null;
  const filter = new streams.ReadReq.Options.FilterOptions();
  const expression = new streams.ReadReq.Options.FilterOptions.Expression();
  if (what.typeRegex === undefined) {
    filter.setStreamIdentifier(expression.setPrefixList([...(what.prefixes ?? [])]));
  } else filter.setEventType(expression.setRegex(what.typeRegex));
  if (what.window === undefined) filter.setCount(new shared.Empty());
  else filter.setMax(what.window);
  return filter.setCheckpointintervalmultiplier(1);
}

function proposedMessage(event: RawEvent): streams.AppendReq.ProposedMessage {
  const { id = randomUUID(), type = 'user.login', contentType = 'application/json' } = event;
  const message = new streams.AppendReq.ProposedMessage();
  message.setId(new shared.UUID().setString(id));
  message.setData(Buffer.from(event.data ?? '{"user":"ada"}'));
  message.setCustomMetadata(Buffer.from(event.metadata ?? ''));
  const properties = message.getMetadataMap();
  if (type !== null) properties.set('type', type);
  if (contentType !== null) properties.set('content-type', contentType);
  return message;
}

interface Expecting {
  setStreamIdentifier(identifier: shared.StreamIdentifier): unknown;
  setRevision(revision: string): unknown;
  setNoStream(empty: shared.Empty): unknown;
  setAny(empty: shared.Empty): unknown;
  setStreamExists(empty: shared.Empty): unknown;
}

function expecting<Options extends Expecting>(
  options: Options,
  stream: string,
  expected: ExpectedRevision,
): Options {
  options.setStreamIdentifier(identifier(stream));
  if (expected === 'any') options.setAny(new shared.Empty());
  else if (expected === 'no_stream') options.setNoStream(new shared.Empty());
  else if (expected === 'stream_exists') options.setStreamExists(new shared.Empty());
  else options.setRevision(String(expected));
  return options;
}

function identifier(name: string): shared.StreamIdentifier {
  return new shared.StreamIdentifier().setStreamName(Buffer.from(name));
}
