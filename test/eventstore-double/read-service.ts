/** Streams.Read: pages of a stream or of $all in both directions, and subscriptions. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { readFilter } from './filter.js';
import { DELETED, originalOf, type LogRecord } from './record.js';
import { streamDeleted, unknown } from './refusal.js';
import { streaming, type Service } from './service.js';
import { Subscription } from './subscription.js';
import { eventResponse, notFoundResponse, streamName, type UuidForm } from './wire.js';

type Call = ServerWritableStream<streams.ReadReq, streams.ReadResp>;
type Options = streams.ReadReq.Options;

/** so many records are considered between two checkpoints when the client names no window */
const PAGE = 32;

export function readHandler(
  service: Service,
): ReturnType<typeof streaming<streams.ReadReq, streams.ReadResp>> {
  return streaming(service, async (call) => {
    const options = call.request.getOptions();
    if (!options) throw unknown();
    service.access.check(call.metadata, 'read', nameOf(options) ?? '$all');
    await service.faults.atRead(call.getPeer());
    const name = nameOf(options);
    if (options.hasSubscription()) {
      if (name === null) subscribeToAll(service, call, options);
      else subscribeToStream(service, call, options, name);
      return;
    }
    await (name === null ? readAll(service, call, options) : readStream(service, call, options, name));
  });
}

/** null: $all */
function nameOf(options: Options): string | null {
  const stream = options.getStream();
  return stream ? streamName(stream.getStreamIdentifier()) : null;
}

async function readStream({ log }: Service, call: Call, options: Options, name: string): Promise<void> {
  const last = log.last(name);
  if (last === DELETED) throw streamDeleted(name);
  const state = log.stream(name);
  if (!state || last < 0n || (originalOf(name) === null && state.softDeleted)) {
    call.write(notFoundResponse(name));
    call.end();
    return;
  }
  const backwards = isBackwards(options);
  const asked = options.getStream();
  const revision = asked?.hasRevision() ? signed(asked.getRevision()) : null;
  const from =
    revision === null || revision < 0n ? (asked?.hasEnd() || revision !== null ? last : 0n) : revision;
  const start = backwards && from > last ? last : from;
  // forwards from the end there is nothing
  const records =
    !backwards && asked?.hasEnd() ? [] : state.read(start, backwards ? 'backwards' : 'forwards');
  await send(call, records, options);
}

async function readAll(service: Service, call: Call, options: Options): Promise<void> {
  const { records } = service.log;
  const backwards = isBackwards(options);
  const start = startInAll(service, options);
  await send(call, backwards ? before(records, start) : after(records, start), options);
}

function* after(records: readonly LogRecord[], start: number): Generator<LogRecord, void, undefined> {
  for (let n = start; n < records.length; n += 1) {
    const record = records[n];
    if (record?.visible) yield record;
  }
}

/** Backwards a position is exclusive: what stands before it. */
function* before(records: readonly LogRecord[], start: number): Generator<LogRecord, void, undefined> {
  for (let n = start - 1; n >= 0; n -= 1) {
    const record = records[n];
    if (record?.visible) yield record;
  }
}

async function send(call: Call, records: Iterable<LogRecord>, options: Options): Promise<void> {
  const wanted = readFilter(options);
  const uuids = uuidForm(options);
  let left = BigInt(options.getCount());
  for (const record of records) {
    if (left <= 0n || call.cancelled) break;
    if (!wanted(record)) continue;
    left -= 1n;
    if (!call.write(eventResponse(record, uuids))) await drained(call);
  }
  call.end();
}

function subscribeToAll(service: Service, call: Call, options: Options): void {
  const filter = options.getFilter();
  const window = filter?.hasMax() ? filter.getMax() : PAGE;
  const asked = options.getAll();
  const start = startInAll(service, options);
  const isExclusive = asked?.hasPosition() && service.log.records[start]?.position === positionOf(asked);
  new Subscription(call, service, {
    from: isExclusive ? start + 1 : start,
    wanted: readFilter(options),
    uuids: uuidForm(options),
    checkpointEvery: filter ? window * filter.getCheckpointintervalmultiplier() : null,
  });
}

/** A subscription to one stream starts after a revision, also of a stream that does not exist yet. */
function subscribeToStream(service: Service, call: Call, options: Options, name: string): void {
  const { log } = service;
  if (log.last(name) === DELETED) throw streamDeleted(name);
  const asked = options.getStream();
  const revision = asked?.hasRevision() ? signed(asked.getRevision()) : -1n;
  new Subscription(call, service, {
    from: asked?.hasEnd() ? log.records.length : 0,
    wanted: (record) =>
      record.stream === name && record.revision > revision && (log.stream(name)?.shows(record) ?? false),
    uuids: uuidForm(options),
    checkpointEvery: null,
  });
}

/**
 * Index of the record to begin with: the one at the position, or the end for whatever lies beyond it.
 * @throws Refusal (2) for a position inside a record
 */
function startInAll({ log }: Service, options: Options): number {
  const all = options.getAll();
  if (!all) throw unknown();
  if (all.hasEnd()) return log.records.length;
  if (all.hasStart()) return 0;
  const index = log.indexOf(positionOf(all));
  if (index === null) throw unknown();
  return index;
}

function positionOf(all: streams.ReadReq.Options.AllOptions): number {
  const commit = BigInt(all.getPosition()?.getCommitPosition() ?? 0);
  // the largest unsigned number is the end
  return commit > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(commit);
}

function isBackwards(options: Options): boolean {
  return options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS;
}

function uuidForm(options: Options): UuidForm {
  return options.getUuidOption()?.hasString() ? 'string' : 'structured';
}

/** revisions travel unsigned; the largest one means the end */
function signed(uint64: string): bigint {
  return BigInt.asIntN(64, BigInt(uint64));
}

function drained(call: Call): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      call.off('drain', done).off('cancelled', done).off('close', done);
      resolve();
    };
    call.on('drain', done).on('cancelled', done).on('close', done);
  });
}
