/** Events as `event_type`, `user_identity` and `event_data`, and GET /events/query, which asks for them by their fields. */
import type { Entry } from '../../ledger/types.js';
import type { EventFilters, PayloadFilter } from '../../read-model/port.js';
import { payloadPath, placeholder, scalarTexts, texts } from '../event-query.js';
import { Type } from '../json-schema.js';
import { anyOf, anyText, Limit, manyNamed } from '../parameter-shapes.js';
import { badParameter, type Parameters } from '../parameters.js';
import type { App, Services } from '../services.js';
import { problems } from '../problem-shapes.js';
import { actorTexts, BESIDE, type Contract } from './contract.js';
import { metadataOf, newestEvents, sendArray, withPayload } from './recorded.js';
import { RecordedTypedEvent } from './shapes.js';

export const TYPED: Contract = {
  members: new Map([
    ['event_type', 'type'],
    ['user_identity', 'actor'],
    ['event_data', 'payload'],
    ['subject', 'subject'],
    ...BESIDE,
  ]),
  required: ['type', 'actor', 'payload'],
  othersArePayload: false,
};

const DESCRIPTION = `By \`event_type\`, \`user_identity\`, \`event_data\` (where it is no object), or any other name: the value
at that place in the event's data, member names and array indexes separated by dots. A place that begins with one of these
names, or is called \`limit\`, is written behind \`event_data.\`.`;

export function queryTypedEvents(app: App, services: Services): void {
  app.route({
    method: 'GET',
    url: '/events/query',
    config: { needs: 'read' },
    schema: {
      tags: ['drop-in'],
      operationId: 'queryTypedEvents',
      summary: 'Accepted events by the values of their fields, newest first',
      description: DESCRIPTION,
      querystring: Type.Object({
        event_type: anyOf('what happened'),
        user_identity: anyOf('who did it'),
        event_data: anyOf('the data, where they are no object', anyText),
        limit: Limit,
        '{field}': manyNamed(
          { pattern: '^[^.\\u0000]+(\\.[^.\\u0000]+)*$', not: { const: '{field}' } },
          'the scalar at a place in the data',
        ),
      }),
      response: { ...problems(400), 200: Type.Array(RecordedTypedEvent) },
    },
    handler: async (request, reply) => {
      const { parameters } = request;
      const entries = await newestEvents(services, request, fieldFilters(parameters));
      return sendArray(reply, entries, typedEvent);
    },
  });
}

function typedEvent(entry: Entry): Buffer {
  const { id, type: event_type, actor: user_identity, source, recordedAt: receivedAt } = entry.header;
  const { timestamp = null } = metadataOf(entry);
  const before = { id, event_type, user_identity };
  return withPayload(before, 'event_data', entry, { source, timestamp, receivedAt });
}

function fieldFilters(parameters: Parameters): Partial<EventFilters> {
  const payload: PayloadFilter[] = [];
  for (const [name, values] of parameters) {
    if (['event_type', 'user_identity', 'limit'].includes(name)) continue;
    payload.push({ path: fieldPath(name), values: values.flatMap(scalarTexts) });
  }
  return {
    types: texts(parameters, 'event_type'),
    actors: actorTexts(texts(parameters, 'user_identity')),
    payload,
  };
}

function fieldPath(name: string): readonly string[] {
  if (name === '{field}') throw placeholder(name, 'field');
  if (name === 'event_data') return [];
  const place = name.startsWith('event_data.') ? name.slice('event_data.'.length) : name;
  return payloadPath(`payload.${place}`, (keyword, detail) => badParameter(name, keyword, detail)) ?? [];
}
