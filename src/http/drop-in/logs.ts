/** /logs: who did what, when and where, and whatever else there is to say. */
import { readableBy } from '../../access/principal.js';
import { eventIdFor } from '../../ledger/identity.js';
import type { Entry } from '../../ledger/types.js';
import { JSON_TYPE, parseEvent } from '../documents.js';
import { MAX_EVENT_BYTES } from '../limits.js';
import { texts } from '../event-query.js';
import { principalOf } from '../guard.js';
import { Type } from '../json-schema.js';
import { anyOf, Limit, OneSource, textInPath } from '../parameter-shapes.js';
import { badParameter, type Parameters } from '../parameters.js';
import { refusal } from '../problem.js';
import { ambiguous } from '../routes/ledger.js';
import type { App, Services } from '../services.js';
import { content, withHeaders } from '../answer-shapes.js';
import { problems } from '../problem-shapes.js';
import { sendSpliced } from '../spliced.js';
import { TAKEN } from '../status.js';
import { submitOne } from '../submitting.js';
import { actorTexts, readerOf, type Contract } from './contract.js';
import { metadataOf, newestEvents, sendArray, shownById, withPayload } from './recorded.js';
import { REFUSALS, TAKES_ONE } from './reporting-shapes.js';
import { RecordedId, RecordedLog, SubmittedLog } from './shapes.js';

const LOG: Contract = {
  members: new Map([
    ['who', 'actor'],
    ['actor', 'actor'],
    ['what', 'type'],
    ['type', 'type'],
    ['when', 'timestamp'],
    ['timestamp', 'timestamp'],
    ['where', 'source'],
    ['source', 'source'],
    ['payload', 'payload'],
    ['id', 'id'],
  ]),
  required: ['actor', 'type'],
  othersArePayload: true,
};

const WHERE = 'where, by either name';

export function logRoutes(app: App, services: Services): void {
  app.route({
    method: 'POST',
    url: '/logs',
    config: { needs: 'write' },
    bodyLimit: MAX_EVENT_BYTES,
    schema: {
      tags: ['drop-in'],
      operationId: 'recordLog',
      summary: 'Report who did what, when and where',
      description: TAKES_ONE,
      body: { content: { [JSON_TYPE]: { schema: SubmittedLog } } },
      response: {
        ...REFUSALS,
        201: withHeaders(content(JSON_TYPE, RecordedId, 'Recorded'), {
          Location: 'where the ledger will have it',
        }),
      },
    },
    handler: async (request, reply) => {
      const document = parseEvent(request.body as Buffer);
      const read = readerOf(LOG, { source: principalOf(request).name });
      const { eventId } = await submitOne(services.door, request, { item: document, read });
      return await reply.code(TAKEN.log).header('location', `/logs/${eventId}`).send({ id: eventId });
    },
  });

  app.route({
    method: 'GET',
    url: '/logs',
    config: { needs: 'read' },
    schema: {
      tags: ['drop-in'],
      operationId: 'listLogs',
      summary: 'Accepted events, newest first',
      querystring: Type.Object({
        who: anyOf('who, by either name'),
        actor: anyOf('who, by either name'),
        what: anyOf('what, by either name'),
        type: anyOf('what, by either name'),
        where: anyOf(WHERE),
        source: anyOf(WHERE),
        limit: Limit,
      }),
      response: { ...problems(400), 200: Type.Array(RecordedLog) },
    },
    handler: async (request, reply) => {
      const { parameters } = request;
      const asked = {
        actors: actorTexts(either(parameters, 'who', 'actor')),
        types: either(parameters, 'what', 'type'),
        sources: either(parameters, 'where', 'source'),
      };
      return sendArray(reply, await newestEvents(services, request, asked), log);
    },
  });

  app.route({
    method: 'GET',
    url: '/logs/:id',
    config: { needs: 'read' },
    schema: {
      tags: ['drop-in'],
      operationId: 'getLog',
      summary: 'One accepted event by its id',
      params: Type.Object({ id: textInPath('the id that it was answered with, or sent with') }),
      querystring: Type.Object({ where: OneSource, source: OneSource }),
      response: { ...problems(400, 404, 409), 200: RecordedLog },
    },
    handler: async (request, reply) => {
      const [source, ...others] = either(request.parameters, 'where', 'source');
      if (others.length > 0) throw badParameter('where', 'once', 'must be given at most once');
      // what is no UUID is an id that its source gave
      const principal = principalOf(request);
      const id = eventIdFor(source ?? principal.name, request.params.id);
      const scope = { source: source ?? null, within: readableBy(principal) };
      const [entry, ...more] = await shownById(services, id, scope);
      if (entry === undefined) throw refusal('not-found', 'No accepted event has this id, or not yet.');
      if (more.length > 0) throw ambiguous([entry, ...more]);
      return sendSpliced(reply, log(entry));
    },
  });
}

/** The values of a parameter that has two names, one of which is used. */
function either(parameters: Parameters, name: string, other: string): readonly string[] {
  const values = texts(parameters, name);
  if (!parameters.has(other)) return values;
  if (values.length > 0) throw badParameter(other, 'contract', `says again what ${name} says`);
  return texts(parameters, other);
}

function log(entry: Entry): Buffer {
  const { id, actor, type, source, recordedAt: receivedAt } = entry.header;
  const { timestamp = null } = metadataOf(entry);
  const before = {
    id,
    who: actor,
    what: type,
    when: timestamp,
    where: source,
    actor,
    type,
    timestamp,
    source,
  };
  return withPayload(before, 'payload', entry, { receivedAt });
}
