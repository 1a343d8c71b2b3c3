/**
 * What trusted proxies say of a request's client, in X-Forwarded-For. Fastify goes from the end of it to the first address
 * that is no trusted proxy's: what the client itself wrote stands before that, and is not looked at.
 */
import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';

const FIELD = 'x-forwarded-for';

/**
 * From here on a request's `ip` is an address: that of the proxy, where it names none. A proxy that hands on what clients
 * write would let each of them be any number of others, with names as long as they like.
 */
export function readForwarded(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, next) => {
    const { headers } = request.raw;
    let { ip } = request;
    if (!isAddress(ip)) {
      headers[FIELD] = withoutPorts(headers[FIELD]?.toString() ?? '');
      ip = isAddress(request.ip) ? request.ip : (request.socket.remoteAddress ?? '');
    }
    // asked for several times, and each time it would be worked out anew, which takes some microseconds
    Object.defineProperty(request, 'ip', { value: ip });
    next();
  });
}

/** Zones are names, too. */
function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%');
}

/** Some proxies add the port that a client came from: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPorts(field: string): string {
  return field
    .split(',')
    .map((part) => part.trim().replace(/^(?:\[([\da-f:.]+)\]|([\d.]+))(?::\d+)?$/i, '$1$2'))
    .join(', ');
}
