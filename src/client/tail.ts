/** The ledger as it grows, line by line, however often the connection is lost; each line is verified as it is read. */
import { checkEntry, previousDifference, type Predecessor, type ReadEntry } from '../ledger/entry-check.js';
import type { Difference } from '../ledger/finding.js';
import { parseLine } from '../ledger/line.js';
import type { Header } from '../ledger/types.js';
import { ApiError, unreachable, type Connection } from './connection.js';
import { readMessages, type Message } from './event-stream.js';
import { Patience } from './patience.js';
import { describeProblem, type Problem } from './problem.js';

export interface TailOptions {
  /** parameters of the query (docs/api.md): `{ source: ['a', 'b'], 'payload.customerId': 'c-1' }` */
  readonly filters?: Readonly<Record<string, string | readonly string[]>>;
  /** the first index to look at; from what comes next unless given */
  readonly fromIndex?: number;
  readonly signal?: AbortSignal;
  /** how long the server may be away at a time, in milliseconds; for ever unless given */
  readonly patienceMs?: number;
  /** the same before it has answered once; `patienceMs` unless given */
  readonly firstPatienceMs?: number;
  /** told when the connection was lost, or not made, before it is tried again */
  readonly onLost?: (error: ApiError) => void;
  /** told of the place up to which everything was looked at, also where nothing matches: whoever notes it goes on there */
  readonly onPlace?: (nextIndex: number) => void;
}

/** One entry of the ledger, as it came. */
export interface TailedLine {
  /** the bytes, without line feed: what an export has, too */
  readonly line: Buffer;
  readonly header: Header;
  readonly hash: string;
  /** the recorded bytes; null when they were withheld */
  readonly data: Buffer | null;
  readonly metadata: Buffer | null;
  /** what is wrong with it: its bytes, hashes, or the hash of the entry before, where that one came just before */
  readonly findings: readonly Difference[];
}

/** A heartbeat comes every 15 s: who is silent for so long is gone. */
const SILENCE_MS = 45_000;

/**
 * Every entry that matches, once and in order, without end.
 * @throws ApiError when the query is refused, patience is at its end, or something that is no line comes; the signal's
 *   reason when aborted
 */
export async function* tail(connection: Connection, options: TailOptions = {}): AsyncGenerator<TailedLine> {
  const { signal, onPlace, onLost, patienceMs: ms = Infinity, firstPatienceMs: firstMs = ms } = options;
  const patience = new Patience({ ...{ ms, firstMs }, ...(signal && { signal }) });
  let next = options.fromIndex ?? null;
  let before: Predecessor | null = null;
  for (;;) {
    try {
      for await (const { id, event, data } of messagesFrom(connection, next, options)) {
        patience.renew();
        if (event === 'problem') throw ending(connection, data);
        if (event === 'entry' && data !== null) {
          const { entry, line } = lineOf(connection, data, before);
          yield line;
          before = { index: entry.header.index, hash: entry.hash };
        }
        if (id === null || id === '') continue;
        next = Number(id) + 1;
        onPlace?.(next);
      }
      throw new ApiError(`${connection.url} ended the tail`);
    } catch (error) {
      signal?.throwIfAborted();
      const lost = unreachable(connection.url, error);
      if (lost.retryable) onLost?.(lost);
      await patience.pause(lost);
    }
  }
}

/** Of one connection, until it ends, or nothing comes for so long that it must have. */
async function* messagesFrom(
  connection: Connection,
  fromIndex: number | null,
  { filters = {}, signal }: TailOptions,
): AsyncGenerator<Message> {
  // without it the first message has the place: a connection that is lost then skips nothing that comes meanwhile
  const query = new URLSearchParams(fromIndex === null ? {} : { fromIndex: String(fromIndex) });
  for (const [name, values] of Object.entries(filters)) {
    for (const value of [values].flat()) query.append(name, value);
  }
  const leaving = new AbortController();
  const leave = (): void => leaving.abort(signal?.reason);
  const silent = (): void => leaving.abort(new Error(`nothing came for ${SILENCE_MS} ms`));
  let timer = setTimeout(silent, SILENCE_MS);
  signal?.addEventListener('abort', leave);
  if (signal?.aborted === true) leave();
  try {
    const response = await connection.request('/v1/events/stream', {
      ...{ query, headers: { accept: 'text/event-stream' } },
      signal: leaving.signal,
    });
    for await (const message of readMessages(chunksOf(response, leaving.signal))) {
      clearTimeout(timer);
      yield message;
      timer = setTimeout(silent, SILENCE_MS);
    }
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', leave);
    leaving.abort();
  }
}

/**
 * The body's bytes until it ends, or the signal is aborted. The reading itself is ended: fetch may have forgotten the
 * signal by the time that a body is read for long.
 * @throws the signal's reason
 */
async function* chunksOf({ body }: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  const cancel = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener('abort', cancel);
  try {
    for (;;) {
      const read = await reader.read();
      signal.throwIfAborted();
      if (read.done) return;
      yield read.value as Uint8Array;
    }
  } finally {
    signal.removeEventListener('abort', cancel);
    cancel();
  }
}

/** A token that expired in its midst is followed by the next one: whether that is taken is answered then. */
function ending({ url, tokenChanges }: Connection, data: string | null): ApiError {
  const problem = JSON.parse(data ?? '{}') as Problem;
  const { status = 503 } = problem;
  const isOver = status === 401 && tokenChanges;
  return new ApiError(`${url} ended the tail: ${describeProblem(problem)}`, {
    problem,
    ...(!isOver && { status }),
  });
}

function lineOf(
  { url }: Connection,
  text: string,
  before: Predecessor | null,
): { readonly entry: ReadEntry; readonly line: TailedLine } {
  const bytes = Buffer.from(text);
  const parsed = parseLine(bytes);
  // of a line that is none, not even the place is known
  if (!parsed.ok) throw new ApiError(`${url} sent no line of a ledger: ${parsed.problem}`, { status: 200 });
  const { entry } = parsed;
  const { header, hash, content } = entry;
  const previous = previousDifference(header, before);
  const findings = [...checkEntry(entry).differences, ...(previous === null ? [] : [previous])];
  const { data = null, metadata = null } = content ?? {};
  return { entry, line: { line: bytes, header, hash, data, metadata, findings } };
}
