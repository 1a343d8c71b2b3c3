/**
 * Requests that a client sends on a connection before it has the answers to those before them (RFC 9112, 9.3.2): each may
 * have recorded something by the time that what follows it turns out to be no HTTP.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

interface Newest {
  readonly response: ServerResponse;
  readonly before: ServerResponse | null;
}

const newest = new WeakMap<Socket, Newest>();

/** To be called before the server listens. */
export function followPipelines(server: Server): void {
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    newest.set(socket, { response, before: newest.get(socket)?.response ?? null });
  });
}

/** The last answer that a connection owes to a request that was read to its end; null: it owes none. */
export function lastOwed(socket: Socket): ServerResponse | null {
  const { response = null, before = null } = newest.get(socket) ?? {};
  // only the newest can still be on its way to us
  const last = response?.req.complete === false ? before : response;
  return last === null || last.writableFinished ? null : last;
}
