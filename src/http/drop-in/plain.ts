/** GET /events: the plain contract's half that reads. */
import type { Entry } from '../../ledger/types.js';
import { texts } from '../event-query.js';
import { Type } from '../json-schema.js';
import { anyOf, Limit } from '../parameter-shapes.js';
import type { App, Services } from '../services.js';
import { problems } from '../problem-shapes.js';
import { metadataOf, newestEvents, sendArray, withPayload } from './recorded.js';
import { PlainEvent } from './shapes.js';

export function readPlainEvents(app: App, services: Services): void {
  app.route({
    method: 'GET',
    url: '/events',
    config: { needs: 'read' },
    schema: {
      tags: ['drop-in'],
      operationId: 'listPlainEvents',
      summary: 'Accepted events, newest first',
      querystring: Type.Object({
        source: anyOf('who reported'),
        type: anyOf('what happened'),
        limit: Limit,
      }),
      response: { ...problems(400), 200: Type.Array(PlainEvent) },
    },
    handler: async (request, reply) => {
      const { parameters } = request;
      const asked = { sources: texts(parameters, 'source'), types: texts(parameters, 'type') };
      return sendArray(reply, await newestEvents(services, request, asked), plainEvent);
    },
  });
}

function plainEvent(entry: Entry): Buffer {
  const { id: eventId, source, type, recordedAt: receivedAt } = entry.header;
  const { timestamp = null } = metadataOf(entry);
  return withPayload({ eventId, source, type }, 'payload', entry, { timestamp, receivedAt });
}
