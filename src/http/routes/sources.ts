/** Sources, and their streams straight from the event log: an event is there as soon as its 202 was sent. */
import type { LookUp } from '../../event-log/port.js';
import { Type } from '../json-schema.js';
import { recordedMember } from '../../ledger/line.js';
import { attributionIn } from '../../ledger/metadata.js';
import { entryName } from '../../ledger/name.js';
import type { Revision, StreamEvent as LogEvent } from '../../ledger/types.js';
import { mayRead, readableBy } from '../../access/principal.js';
import { asksForCloudEvents, MANY_EVENTS, ONE_EVENT } from '../cloudevents/asked.js';
import { orCloudEvent, orCloudEvents } from '../cloudevents/shapes.js';
import { cloudEventJson } from '../cloudevents/writing.js';
import { readCursor, writeCursor } from '../cursor.js';
import { CLOUDEVENT_TYPE, CLOUDEVENTS_TYPE } from '../documents.js';
import { readInternal } from '../event-query.js';
import { principalOf } from '../guard.js';
import { FromRevision, Internal, Limit, Paging, RevisionInPath, SourceInPath } from '../parameter-shapes.js';
import { choice, integer, limitOf, single, wholeNumber } from '../parameters.js';
import { refusal } from '../problem.js';
import type { App, Services } from '../services.js';
import { problems } from '../problem-shapes.js';
import { closed, orNull, Revision as RevisionShape } from '../shape-parts.js';
import { SourceShape, StreamEvent } from '../shapes.js';
import { joined, sendSpliced, sendSplicedAs } from '../spliced.js';
import { linkNext } from './ledger.js';

/** A page ends early rather than being larger: its `next` says where to go on. */
const PAGE_BYTES = 8 * 1024 * 1024;

export function readSources(app: App, { log, reader }: Services): void {
  app.route({
    method: 'GET',
    url: '/v1/sources',
    config: { needs: 'read' },
    schema: {
      tags: ['sources'],
      operationId: 'listSources',
      summary: 'Sources that the ledger knows',
      querystring: Type.Object({
        ...Internal,
        ...Paging,
      }),
      response: {
        ...problems(400),
        200: closed(
          { sources: Type.Array(SourceShape), next: orNull(Type.String()) },
          'In the order of their names',
        ),
      },
    },
    handler: async (request, reply) => {
      const { parameters } = request;
      const principal = principalOf(request);
      const query = { route: '/v1/sources', parameters, principal };
      const cursor = single(parameters, 'cursor');
      const page = await reader.sources({
        after: cursor === null ? null : readCursor(cursor, query),
        limit: limitOf(parameters),
        internal: readInternal(parameters),
        within: readableBy(principal),
      });
      const next = page.next === null ? null : writeCursor(page.next, query);
      if (next !== null) linkNext(reply, '/v1/sources', parameters, { cursor: next });
      const sources = page.sources.map(
        ({ source, count, lastRevision, firstRecordedAt, lastRecordedAt }) => ({
          source,
          count,
          lastRevision,
          firstRecordedAt,
          lastRecordedAt,
        }),
      );
      return { sources, next };
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/sources/:source/events',
    config: { needs: 'read', produces: MANY_EVENTS },
    schema: {
      tags: ['sources'],
      operationId: 'listSourceEvents',
      summary: "A source's stream, from the event log",
      description:
        'An event is there as soon as it was acknowledged. A page ends early once it has 8 MiB: `next` is where to go on.',
      params: Type.Object({ source: SourceInPath }),
      querystring: Type.Object({
        fromRevision: FromRevision,
        direction: Type.Optional(
          Type.Enum(['forwards', 'backwards'], { default: 'forwards', description: 'from there' }),
        ),
        limit: Limit,
      }),
      response: {
        ...problems(400),
        200: orCloudEvents(
          closed({ events: Type.Array(StreamEvent), next: orNull(RevisionShape) }),
          'A page; `next` is where to go on',
        ),
      },
    },
    handler: async (request, reply) => {
      const { parameters } = request;
      const from = integer(parameters, 'fromRevision', { least: 0 }) as Revision | null;
      const direction = choice(parameters, 'direction', ['forwards', 'backwards']) ?? 'forwards';
      const limit = limitOf(parameters);
      const options = { direction, limit: limit + 1, ...(from === null ? {} : { from }) };
      const { source } = request.params;
      const isCloudEvents = asksForCloudEvents(request, MANY_EVENTS);
      const write = isCloudEvents ? cloudEventOf : eventBytes;
      const stream = mayRead(principalOf(request), source) ? log.readSource(source, options) : nothing();
      const { events, next } = await readPage(stream, limit, write);
      if (next !== null) {
        const path = `/v1/sources/${encodeURIComponent(source)}/events`;
        linkNext(reply, path, parameters, { fromRevision: String(next) });
      }
      return isCloudEvents
        ? sendSplicedAs(reply, CLOUDEVENTS_TYPE, '[', joined(events), ']')
        : sendSpliced(reply, '{"events":[', joined(events), `],"next":${next ?? 'null'}}`);
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/sources/:source/events/:revision',
    config: { needs: 'read', produces: ONE_EVENT },
    schema: {
      tags: ['sources'],
      operationId: 'getSourceEvent',
      summary: "One event of a source's stream",
      params: Type.Object({ source: SourceInPath, revision: RevisionInPath }),
      response: { ...problems(400, 404), 200: orCloudEvent(StreamEvent, 'The event') },
    },
    handler: async (request, reply) => {
      const revision = wholeNumber(request.params.revision);
      if (revision === null) throw refusal('bad-request', 'The revision in the path must be a whole number.');
      const { source } = request.params;
      const found: LookUp = mayRead(principalOf(request), source)
        ? await log.lookUp(source, revision as Revision)
        : { status: 'absent', lastRevision: null };
      switch (found.status) {
        case 'found':
          return asksForCloudEvents(request, ONE_EVENT)
            ? sendSplicedAs(reply, CLOUDEVENT_TYPE, cloudEventOf(found.event))
            : sendSpliced(reply, eventBytes(found.event));
        case 'absent':
          throw refusal('not-found', absence(found.lastRevision));
        case 'hidden':
          throw refusal(
            'not-found',
            `The event log no longer shows this event: its stream was ${found.reason}.`,
          );
      }
    },
  });
}

/** The same that the entry of this event will give. */
function cloudEventOf({ id, source, type, revision, data, metadata }: LogEvent): Buffer {
  return cloudEventJson({
    ...{ id, source: entryName(source), type: entryName(type), revision },
    ...{ data, metadata },
  });
}

function absence(lastRevision: Revision | null): string {
  return lastRevision === null
    ? 'The event log has no event of this source.'
    : `The last revision of this source is ${lastRevision}.`;
}

/** A source that may not be read is as one that has no events. */
async function* nothing(): AsyncGenerator<never> {
  // has none
}

async function readPage(
  stream: AsyncIterable<LogEvent>,
  limit: number,
  write: (event: LogEvent) => Buffer,
): Promise<{ readonly events: readonly Buffer[]; readonly next: Revision | null }> {
  const events: Buffer[] = [];
  let bytes = 0;
  for await (const event of stream) {
    if (events.length === limit || bytes > PAGE_BYTES) return { events, next: event.revision };
    const written = write(event);
    bytes += written.length;
    events.push(written);
  }
  return { events, next: null };
}

function eventBytes(event: LogEvent): Buffer {
  const { revision, id, source, type, data, metadata, loggedAt } = event;
  const recordedAt = attributionIn(metadata)?.recordedAt ?? loggedAt;
  const head = JSON.stringify({ revision, id, source, type, recordedAt }).slice(0, -1);
  return Buffer.concat([
    Buffer.from(`${head},`),
    recordedMember('payload', data),
    Buffer.from(','),
    recordedMember('metadata', metadata),
    Buffer.from('}'),
  ]);
}
