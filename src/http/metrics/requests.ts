/** Requests by route, method and class of their status, and how long they took. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Durations } from './durations.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** when it came, in ms of performance.now(); null once it was counted */
    cameAt: number | null;
  }
}

/** Anybody may send any method to any path: labels have few values all the same. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT']);

/**
 * Observes every request that was looked for among the routes, until its answer is handed to the system. To be called
 * before other hooks are added, so that what they refuse is counted, too.
 */
export function observeRequests(app: FastifyInstance): Durations {
  const durations = new Durations(
    'event_ledger_http_request_duration_seconds',
    'Requests by route, method and class of their status, and the time until they were answered.',
  );

  function count(request: FastifyRequest, reply: FastifyReply): void {
    const { cameAt, method } = request;
    if (cameAt === null) return;
    request.cameAt = null;
    durations.observe(
      request.routeOptions.url ?? 'none',
      METHODS.has(method) ? method : 'other',
      reply.statusCode,
      (performance.now() - cameAt) / 1_000,
    );
  }

  app.decorateRequest('cameAt', null);
  app.addHook('onRequest', (request, _reply, done) => {
    request.cameAt = performance.now();
    done();
  });
  // here and not in onResponse, whose listeners cost more than the rest: what is no stream is handed over at once
  app.addHook('onSend', (request, reply, payload, done) => {
    if (isStream(payload)) reply.raw.once('close', () => count(request, reply));
    else count(request, reply);
    done(null, payload);
  });
  return durations;
}

function isStream(payload: unknown): boolean {
  return typeof (payload as { readonly pipe?: unknown } | null | undefined)?.pipe === 'function';
}
