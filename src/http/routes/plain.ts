/** The plain contract of the event-logger services that our first users come from: POST /events, GET /events. */
import { Type } from '../json-schema.js';
import { decodeMetadata } from '../../ledger/metadata.js';
import { NO_FILTERS } from '../../ledger/filters.js';
import type { Entry } from '../../ledger/types.js';
import { JSON_TYPE, MAX_EVENT_BYTES, parseEvent } from '../documents.js';
import { texts } from '../event-query.js';
import { OUTCOMES } from '../status.js';
import { integer } from '../parameters.js';
import type { App, Services } from '../services.js';
import { closed, EventIdText, PlainEvent, problems, SubmittedEvent } from '../shapes.js';
import { joined, sendSpliced } from '../spliced.js';
import { submitOne } from './events.js';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;

export function plainContract(app: App, { door, reader }: Services): void {
  app.route({
    method: 'POST',
    url: '/events',
    bodyLimit: MAX_EVENT_BYTES,
    schema: {
      tags: ['plain'],
      summary: 'Report one event',
      description: `The body has at most ${MAX_EVENT_BYTES} bytes.`,
      body: { content: { [JSON_TYPE]: { schema: SubmittedEvent } } },
      response: {
        ...problems(400, 403, 409, 413, 415, 422),
        202: closed({ status: Type.Literal('queued'), eventId: EventIdText }),
      },
    },
    handler: async (request, reply) => {
      const { eventId } = await submitOne(door, parseEvent(request.body as Buffer), request, false);
      return await reply.code(OUTCOMES.queued).send({ status: 'queued', eventId });
    },
  });

  app.route({
    method: 'GET',
    url: '/events',
    schema: {
      tags: ['plain'],
      summary: 'Accepted events, newest first',
      querystring: Type.Object({
        source: Type.Optional(Type.String()),
        type: Type.Optional(Type.String()),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_LIMIT })),
      }),
      response: { ...problems(400), 200: Type.Array(PlainEvent) },
    },
    handler: async (request, reply) => {
      const { parameters } = request;
      const { entries } = await reader.events(
        {
          ...NO_FILTERS,
          sources: texts(parameters, 'source'),
          types: texts(parameters, 'type'),
          verdicts: ['accepted'],
          internal: false,
        },
        {
          order: 'desc',
          limit: integer(parameters, 'limit', { least: 1, most: MAX_LIMIT }) ?? DEFAULT_LIMIT,
          after: null,
          fromIndex: null,
          toIndex: null,
        },
      );
      return sendSpliced(reply, '[', joined(entries.map(plainEvent)), ']');
    },
  });
}

/** An accepted payload is I-JSON: its bytes can stand in JSON, also where another program wrote them. */
function plainEvent({ header, data, metadata }: Entry): Buffer {
  const { id: eventId, source, type, recordedAt: receivedAt } = header;
  const timestamp = decodeMetadata(metadata)?.timestamp ?? null;
  const head = JSON.stringify({ eventId, source, type }).slice(0, -1);
  const tail = JSON.stringify({ timestamp, receivedAt }).slice(1);
  return Buffer.concat([Buffer.from(`${head},"payload":`), data, Buffer.from(`,${tail}`)]);
}
