/** The ledger, read: pages of lines, one line by event id or by index, the head. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from '../json-schema.js';
import { entryLine } from '../../ledger/line.js';
import type { Entry, EventId, Index } from '../../ledger/types.js';
import { mayRead, readableBy } from '../../access/principal.js';
import { asksForCloudEvents, MANY_EVENTS, ONE_EVENT } from '../cloudevents/asked.js';
import { orCloudEvent, orCloudEvents } from '../cloudevents/shapes.js';
import { entryCloudEvent } from '../cloudevents/writing.js';
import { readCursor, writeCursor } from '../cursor.js';
import { CLOUDEVENT_TYPE, CLOUDEVENTS_TYPE } from '../documents.js';
import { readFilters, readInternal, readRange } from '../event-query.js';
import { principalOf } from '../guard.js';
import type { HealthMonitor } from '../health.js';
import { EventIdInPath, IndexInPath, OneSource, PageQuery } from '../parameter-shapes.js';
import { choice, limitOf, single, wholeNumber, type Parameters } from '../parameters.js';
import { refusal } from '../problem.js';
import type { App, Services } from '../services.js';
import { problems } from '../problem-shapes.js';
import { closed, orNull } from '../shape-parts.js';
import { HeadShape, Line } from '../shapes.js';
import { joined, sendSpliced, sendSplicedAs } from '../spliced.js';

export function readLedger(app: App, services: Services, health: HealthMonitor): void {
  const { reader } = services;

  app.route({
    method: 'GET',
    url: '/v1/events',
    config: { needs: 'read', produces: MANY_EVENTS },
    schema: {
      tags: ['ledger'],
      operationId: 'listEvents',
      summary: 'The ledger, newest first',
      description:
        'Different parameters all apply; one that is repeated means any of its values. A page ends early once it has ' +
        '8 MiB: there is more as long as `next` is not null.',
      querystring: PageQuery,
      response: {
        ...problems(400),
        200: orCloudEvents(
          closed({ events: Type.Array(Line), next: orNull(Type.String()) }),
          'A page; `next` is its cursor',
        ),
      },
    },
    handler: async (request, reply) => {
      const { parameters } = request;
      const principal = principalOf(request);
      const query = { route: '/v1/events', parameters, principal };
      const cursor = single(parameters, 'cursor');
      const filters = readFilters(parameters, { internal: readInternal(parameters), principal });
      const { entries, next } = await reader.events(filters, {
        ...readRange(parameters),
        order: choice(parameters, 'order', ['asc', 'desc']) ?? 'desc',
        limit: limitOf(parameters),
        after: cursor === null ? null : (Number(readCursor(cursor, query)) as Index),
      });
      const nextCursor = next === null ? null : writeCursor(String(next), query);
      if (nextCursor !== null) linkNext(reply, '/v1/events', parameters, { cursor: nextCursor });
      if (asksForCloudEvents(request, MANY_EVENTS)) {
        const events = joined(entries.map((entry) => entryCloudEvent(entry)));
        return sendSplicedAs(reply, CLOUDEVENTS_TYPE, '[', events, ']');
      }
      const tail = `],"next":${JSON.stringify(nextCursor)}}`;
      return sendSpliced(reply, '{"events":[', joined(entries.map(entryLine)), tail);
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/events/:eventId',
    config: { needs: 'read', produces: ONE_EVENT },
    schema: {
      tags: ['ledger'],
      operationId: 'getEvent',
      summary: 'One line by event id',
      params: Type.Object({ eventId: EventIdInPath }),
      querystring: Type.Object({ source: OneSource }),
      response: { ...problems(400, 404, 409), 200: orCloudEvent(Line, 'The line') },
    },
    handler: async (request, reply) => {
      const { eventId } = request.params;
      const source = single(request.parameters, 'source');
      if (!UUID.test(eventId)) throw refusal('bad-request', 'The event id in the path must be a UUID.');
      const id = eventId.toLowerCase() as EventId;
      const within = readableBy(principalOf(request));
      const entries = await reader.entriesById(id, { source, within });
      const [entry] = entries;
      if (entry === undefined)
        throw within === null ? await notYet(health) : nothingReadable('event with this id');
      if (entries.length > 1) throw ambiguous(entries);
      return sendEntry(request, reply, entry);
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/entries/:index',
    config: { needs: 'read', produces: ONE_EVENT },
    schema: {
      tags: ['ledger'],
      operationId: 'getEntry',
      summary: 'One line by index',
      params: Type.Object({ index: IndexInPath }),
      response: { ...problems(400, 404), 200: orCloudEvent(Line, 'The line') },
    },
    handler: async (request, reply) => {
      const index = wholeNumber(request.params.index);
      if (index === null) throw refusal('bad-request', 'The index in the path must be a whole number.');
      const entry = await reader.entry(index as Index);
      const principal = principalOf(request);
      if (entry !== null && mayRead(principal, entry.header.source)) return sendEntry(request, reply, entry);
      if (readableBy(principal) !== null) throw nothingReadable(`entry ${index}`);
      throw refusal('not-found', `The ledger has no entry ${index}; /v1/head says its size.`);
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/head',
    config: { needs: 'survey' },
    schema: {
      tags: ['ledger'],
      operationId: 'getHead',
      summary: 'Size and last hash',
      response: { ...problems(400), 200: HeadShape },
    },
    handler: async () => {
      const { size, hash, recordedAt } = await reader.head();
      return { size, hash, recordedAt };
    },
  });
}

function sendEntry(request: FastifyRequest, reply: FastifyReply, entry: Entry): FastifyReply {
  return asksForCloudEvents(request, ONE_EVENT)
    ? sendSplicedAs(reply, CLOUDEVENT_TYPE, entryCloudEvent(entry))
    : sendSpliced(reply, entryLine(entry));
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** RFC 8288; the same query from another place on, such as `{ cursor }` of the next page. */
export function linkNext(
  reply: FastifyReply,
  path: string,
  parameters: Parameters,
  place: Readonly<Record<string, string>>,
): void {
  const query = new URLSearchParams();
  for (const [name, values] of parameters) {
    for (const value of values) query.append(name, value);
  }
  for (const [name, value] of Object.entries(place)) query.set(name, value);
  void reply.header('link', `<${path}?${query.toString()}>; rel="next"`);
}

/** Whether there is one of another source is not told, nor how much of the log the ledger has. */
function nothingReadable(what: string): Error {
  return refusal('not-found', `There is no ${what} that these credentials may read, or not yet.`);
}

async function notYet(health: HealthMonitor): Promise<Error> {
  const { lag } = await health.health();
  const detail =
    lag.events === 0
      ? 'The ledger has all of the log, and no event with this id.'
      : 'The ledger has no event with this id, or not yet: `lag` says how far it is behind the log.';
  return refusal('not-found', detail, { members: { lag } });
}

export function ambiguous(entries: readonly Entry[]): Error {
  const sources = entries.map(({ header }) => header.source);
  const detail = `${sources.length} sources share this id: add source= to the query.`;
  return refusal('ambiguous-id', detail, { members: { sources } });
}
