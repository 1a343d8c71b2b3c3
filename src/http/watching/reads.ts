/** Each reading of entries as an event of `_access`, where that is wanted: durable before the answer begins. */
import type { FastifyRequest } from 'fastify';
import type { JsonObject } from '../../access/access-event.js';
import type { App } from '../services.js';
import type { Watch } from './watch.js';

/** For the routes that are registered after it, and need the right to read. What is refused or not found is no reading. */
export function recordReads(app: App, watch: Watch): void {
  app.addHook('onRoute', (route) => {
    if (route.config?.needs !== 'read') return;
    const operation = route.schema?.operationId ?? route.url;
    route.onSend = [route.onSend ?? []].flat().concat(async (request, reply, payload) => {
      if (request.method !== 'HEAD' && reply.statusCode < 300)
        await watch.record(request, 'entries.read', { operation, ...asked(request) });
      return payload;
    });
  });
}

function asked({ params, parameters, headers }: FastifyRequest): JsonObject {
  const lastEventId = headers['last-event-id'];
  return {
    path: params as JsonObject,
    query: Object.fromEntries(parameters),
    ...(typeof lastEventId === 'string' ? { lastEventId } : {}),
  };
}
