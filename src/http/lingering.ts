/**
 * Answers to clients that are not as far as we are: still sending a body that nobody will read, or done with sending
 * for good. Closing on a client that sends makes its system throw the answer away (RFC 9112, 9.6).
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MAX_BODY_BYTES } from './limits.js';
import { followPipelines } from './pipelining.js';
import { connectionEvent } from './secured.js';

/** So much, and for so long, is taken from a client after its answer. */
const LINGER_BYTES = 2 * MAX_BODY_BYTES;
const LINGER_MS = 5_000;

/** A reader that has shut down its sending side waits so long for its answer to begin. */
const HALF_OPEN_MS = 5_000;

/** Whether a part of the body is still to come, after what has arrived was thrown away. */
export async function isUnfinished(request: IncomingMessage): Promise<boolean> {
  const { headers } = request;
  if (headers['transfer-encoding'] === undefined && headers['content-length'] === undefined) return false;
  const isOver = (): boolean => request.complete || request.destroyed;
  if (isOver()) return false;
  request.resume();
  await nextTurn();
  return !isOver();
}

/**
 * A body that is sent at once, and ends when the client has sent its own, or as much of it as we take. Its length has
 * to be announced, so that the client knows that it has all.
 */
export function lingering(body: Buffer, request: IncomingMessage): Readable {
  async function* chunks(): AsyncGenerator<Buffer> {
    yield body;
    await drained(request);
  }
  return Readable.from(chunks(), { objectMode: false });
}

function drained(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0;
    const finish = (): void => {
      clearTimeout(timer);
      request.off('data', count);
      resolve();
    };
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > LINGER_BYTES) finish();
    };
    const timer = setTimeout(finish, LINGER_MS);
    request.on('data', count).once('end', finish).once('close', finish).once('error', finish);
    if (request.complete || request.destroyed) finish();
  });
}

/**
 * Answer clients that shut down their sending side after a request. The connection ends with the answer. What is
 * recorded takes no longer than the log's patience and the wait that was asked for; who only reads may have left, so
 * that an answer that has not begun in a few seconds is not waited for; and a client that takes nothing is cut off by
 * the server's connection timeout.
 */
export function answerHalfOpen(server: Server): void {
  Object.assign(server, { httpAllowHalfOpen: true });
  followPipelines(server);
  server.on(connectionEvent(server), (socket: Socket) => {
    socket.once('end', () => {
      const response = responseOn(socket);
      if (response === null || !READS.has(response.req.method ?? '')) return;
      const timer = setTimeout(() => {
        if (!response.headersSent) socket.destroy();
      }, HALF_OPEN_MS);
      socket.once('close', () => clearTimeout(timer));
    });
  });
}

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** The response that is under way on a connection. */
export function responseOn(socket: Socket): ServerResponse | null {
  const { _httpMessage: response } = socket as { _httpMessage?: ServerResponse | null };
  return response ?? null;
}
