/**
 * The live tail as Server-Sent Events (WHATWG HTML, 9.2): lines, each with its index as the event's id, so that whoever
 * was cut off goes on behind the last one it has seen.
 */
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import type { Entry } from '../ledger/types.js';
import type { Stretch } from './live-entries.js';
import { problemBody, ProblemError, problemOf, type Problem } from './problem.js';
import { sendStream } from './spliced.js';

export const EVENT_STREAM_TYPE = 'text/event-stream';

export const TAIL_HEADERS = {
  'content-type': EVENT_STREAM_TYPE,
  'cache-control': 'no-store',
  // nginx would gather it
  'x-accel-buffering': 'no',
};

/** What keeps proxies and clients from taking silence for a broken connection. */
export const HEARTBEAT_MS = 15_000;

/** When clients that were cut off come back. */
const RETRY_MS = 1_000;

/** A client that was told why it is dropped has so long to take that. */
const FAREWELL_MS = 5_000;

/** An entry as the data of its message: one line, without a line feed. */
export type LineOf = (entry: Entry) => Buffer;

export interface TailOptions {
  readonly stretches: AsyncIterable<Stretch>;
  /** the first index that is looked at */
  readonly from: number;
  /** the same function for all tails of a form */
  readonly lineOf: LineOf;
  readonly logger: Logger;
  /** how long the client may take nothing of what is there for it */
  readonly patienceMs: number;
  /** ends the stretches; called once the client is gone, or given up */
  readonly end: () => void;
}

/** Send what comes, as fast as the client takes it; a client that takes nothing for long is told so, and left. */
export function sendTail(reply: FastifyReply, options: TailOptions): FastifyReply {
  const { stretches, from, lineOf, logger, patienceMs, end } = options;
  const { id } = reply.request;
  const drop = (): void => {
    logger.info({ patienceMs }, 'a tail was ended: its client took nothing');
    stream.unpipe(reply.raw);
    const detail = `The client took nothing for ${patienceMs / 1000} s; it goes on with Last-Event-ID.`;
    const { socket } = reply.raw;
    reply.raw.end(problemMessage({ code: 'slow-reader', detail }, id), () => socket?.end());
    setTimeout(() => socket?.destroy(), FAREWELL_MS).unref();
    end();
  };
  const failed = (error: unknown): string => {
    if (error instanceof ProblemError) logger.info({ code: error.problem.code }, 'a tail was ended');
    else logger.error({ err: error }, 'a tail broke off');
    return problemMessage(problemOf(error), id);
  };
  const messages = eventStream({ stretches, from, lineOf }, failed);
  const stream = Readable.from(unlessLeft(messages, drop, patienceMs), { objectMode: false });
  endWith(reply, end);
  return sendStream(reply.headers(TAIL_HEADERS), stream);
}

/** With the answer, or when the client shuts down its sending side: what is endless is for nobody who may have left. */
function endWith({ raw }: FastifyReply, end: () => void): void {
  const { socket } = raw;
  socket?.once('end', end);
  raw.once('close', () => {
    socket?.off('end', end);
    end();
  });
}

async function* eventStream(
  { stretches, from, lineOf }: Pick<TailOptions, 'stretches' | 'from' | 'lineOf'>,
  failed: (error: unknown) => string,
): AsyncGenerator<string | Buffer> {
  yield `retry: ${RETRY_MS}\n${place(from)}\n`;
  try {
    for await (const { entries, next, shared } of stretches) {
      const make = shared ? sharedMessage : message;
      yield entries.length === 0
        ? heartbeat(next)
        : Buffer.concat(entries.map((entry) => make(entry, lineOf)));
    }
  } catch (error) {
    yield failed(error);
  }
}

/** Of entries that other tails send, too, each message is made once: making them is most of what a tail costs. */
const MESSAGES = new WeakMap<LineOf, WeakMap<Entry, Buffer>>();

function sharedMessage(entry: Entry, lineOf: LineOf): Buffer {
  const messages = MESSAGES.get(lineOf) ?? new WeakMap<Entry, Buffer>();
  MESSAGES.set(lineOf, messages);
  const made = messages.get(entry) ?? message(entry, lineOf);
  messages.set(entry, made);
  return made;
}

function message(entry: Entry, lineOf: LineOf): Buffer {
  const head = `id: ${entry.header.index}\nevent: entry\ndata: `;
  return Buffer.concat([Buffer.from(head), lineOf(entry), MESSAGE_END]);
}

const MESSAGE_END = Buffer.from('\n\n');

/** A comment; with it the place up to which nothing matched, which is not looked at again by who comes back. */
function heartbeat(next: number): string {
  return `:\n${place(next)}\n`;
}

/** Where to go on; at the beginning of the ledger nothing has to be said. */
function place(next: number): string {
  return next === 0 ? '' : `id: ${next - 1}\n`;
}

/** Why nothing more comes. */
function problemMessage(problem: Problem, requestId: string): string {
  return `event: problem\ndata: ${JSON.stringify(problemBody(problem, requestId))}\n\n`;
}

/** @param left called when a chunk is not taken for so long */
async function* unlessLeft<Chunk>(
  chunks: AsyncIterable<Chunk>,
  left: () => void,
  patienceMs: number,
): AsyncGenerator<Chunk> {
  for await (const chunk of chunks) {
    const timer = setTimeout(left, patienceMs);
    try {
      yield chunk;
    } finally {
      clearTimeout(timer);
    }
  }
}
