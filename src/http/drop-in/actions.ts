/** /api/logs: who did what, as `userId`, `action`, `metadata` and a `traceId` that ties actions together. */
import { randomUUID } from 'node:crypto';
import { eventIdFor } from '../../ledger/identity.js';
import type { Entry, Json } from '../../ledger/types.js';
import { JSON_TYPE, parseEvent } from '../documents.js';
import { MAX_EVENT_BYTES } from '../limits.js';
import { isObject } from '../../ledger/json-object.js';
import type { EnvelopeReader } from '../envelope.js';
import { texts } from '../event-query.js';
import { principalOf } from '../guard.js';
import { Type } from '../json-schema.js';
import type { App, Services } from '../services.js';
import { problems } from '../problem-shapes.js';
import { TAKEN } from '../status.js';
import { submitOne } from '../submitting.js';
import { anyOf, Limit } from '../parameter-shapes.js';
import { actorTexts, BESIDE, readerOf, type Contract } from './contract.js';
import { metadataOf, newestEvents, sendArray, withPayload } from './recorded.js';
import { REFUSALS, TAKES_ONE } from './reporting-shapes.js';
import { Action, ActionTaken, RecordedAction } from './shapes.js';

const ACTION: Contract = {
  members: new Map([
    ['userId', 'actor'],
    ['action', 'type'],
    ['metadata', 'payload'],
    ['traceId', 'subject'],
    ...BESIDE,
  ]),
  required: ['actor', 'type'],
  othersArePayload: false,
};

export function actionRoutes(app: App, services: Services): void {
  app.route({
    method: 'POST',
    url: '/api/logs',
    config: { needs: 'write' },
    bodyLimit: MAX_EVENT_BYTES,
    schema: {
      tags: ['drop-in'],
      operationId: 'recordAction',
      summary: 'Report one action',
      description: TAKES_ONE,
      body: { content: { [JSON_TYPE]: { schema: Action } } },
      response: { ...REFUSALS, 202: ActionTaken },
    },
    handler: async (request, reply) => {
      const document = parseEvent(request.body as Buffer);
      const source = principalOf(request).name;
      const traceId = traceIdOf(document.value, source);
      const readAction = readerOf(ACTION, { source, payload: null, subject: traceId });
      const read: EnvelopeReader = (body, item) => readAction(withoutNullTrace(body), item);
      const { eventId } = await submitOne(services.door, request, { item: document, read });
      const message = 'Event queued successfully';
      return await reply.code(TAKEN.action).send({ status: 'Logged', traceId, message, eventId });
    },
  });

  app.route({
    method: 'GET',
    url: '/api/logs',
    config: { needs: 'read' },
    schema: {
      tags: ['drop-in'],
      operationId: 'listActions',
      summary: 'Accepted actions, newest first',
      querystring: Type.Object({
        traceId: anyOf('what they belong to'),
        userId: anyOf('who did it'),
        action: anyOf('what was done'),
        limit: Limit,
      }),
      response: { ...problems(400), 200: Type.Array(RecordedAction) },
    },
    handler: async (request, reply) => {
      const { parameters } = request;
      const asked = {
        subjects: texts(parameters, 'traceId'),
        actors: actorTexts(texts(parameters, 'userId')),
        types: texts(parameters, 'action'),
      };
      return sendArray(reply, await newestEvents(services, request, asked), action);
    },
  });
}

/** As given, else made: what is sent again under an id must get the one that it got before, to be the same event. */
function traceIdOf(body: Json, source: string): string {
  const { traceId, id } = isObject(body) ? body : {};
  if (typeof traceId === 'string') return traceId;
  return typeof id === 'string' ? eventIdFor(source, id) : randomUUID();
}

/** Clients of the contract write null for one that they do not have: it is made, as where it is absent. */
function withoutNullTrace(body: Json): Json {
  if (!isObject(body) || body.traceId !== null) return body;
  return Object.fromEntries(Object.entries(body).filter(([name]) => name !== 'traceId'));
}

function action(entry: Entry): Buffer {
  const { id: eventId, actor: userId, type, source, recordedAt: receivedAt } = entry.header;
  const { timestamp = null, subject: traceId = null } = metadataOf(entry);
  const before = { eventId, traceId, userId, action: type };
  return withPayload(before, 'metadata', entry, { source, timestamp, receivedAt });
}
