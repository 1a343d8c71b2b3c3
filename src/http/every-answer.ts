/**
 * What comes with every answer, whatever it is. Browsers are told to take it for what it says it is, keep nothing of it,
 * tell nobody where they come from, and run or frame nothing of it (OWASP ASVS 5.0, 3.4); a page says more for itself
 * (routes/docs.ts). Programs are told by which name the request stands in our logs.
 */
import type { Duplex } from 'node:stream';
import { Server as TlsServer, TLSSocket } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import { REQUEST_ID_HEADER } from './request-id.js';

const SECURITY = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** Over TLS: a browser that was here once asks for a year over nothing else (RFC 6797). */
const SECURITY_OF_TLS = { ...SECURITY, 'strict-transport-security': 'max-age=31536000' } as const;

/** @param socket that the answer goes to */
export function fieldsOfEveryAnswer(requestId: string, socket: Duplex): Readonly<Record<string, string>> {
  return { ...(socket instanceof TLSSocket ? SECURITY_OF_TLS : SECURITY), [REQUEST_ID_HEADER]: requestId };
}

/** For the answers that hooks see: problems have the same where there is no hook (errors.ts). */
export function completeAnswers(app: FastifyInstance): void {
  const security = app.server instanceof TlsServer ? SECURITY_OF_TLS : SECURITY;
  app.addHook('onRequest', (request, reply, next) => {
    void reply.headers(security).header(REQUEST_ID_HEADER, request.id);
    next();
  });
  // what is chosen by Accept is not for those who ask for something else
  app.addHook('onRoute', (route) => {
    if ((route.config?.produces?.length ?? 1) < 2) return;
    route.onRequest = [route.onRequest ?? []].flat().concat((_request, reply, next) => {
      void reply.header('vary', 'accept');
      next();
    });
  });
}
