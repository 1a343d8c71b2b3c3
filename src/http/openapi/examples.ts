/** Examples of /openapi.json, by operation: requests that the API takes as they stand, and what it answered once. */
import { CLOUDEVENT_TYPE, CLOUDEVENTS_TYPE, JSON_TYPE, NDJSON_TYPE, SCHEMA_TYPE } from '../documents.js';
import { PROBLEM_TYPE } from '../problem.js';

/** By media type, and for requests by what they show. */
export interface OperationExamples {
  readonly request?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly responses?: Readonly<Record<number, Readonly<Record<string, unknown>>>>;
}

/** Values of parameters in paths. */
export const PATH_EXAMPLES: Readonly<Record<string, unknown>> = {
  credentialId: '5f0a9c31d2e4',
  eventId: '3d0c7f0e-7a44-4f0e-9f54-0d9f8f1f2a63',
  id: '3d0c7f0e-7a44-4f0e-9f54-0d9f8f1f2a63',
  index: 0,
  revision: 0,
  source: 'billing',
  type: 'door.opened',
};

const billed = {
  source: 'billing',
  type: 'customer.billed',
  payload: { customerId: 'c-1', amount: 12.5, currency: 'EUR' },
};
const deactivated = { source: 'billing', type: 'customer.deactivated', payload: { customerId: 'c-1' } };
const described = {
  ...billed,
  timestamp: '2026-11-20T11:00:00+01:00',
  actor: 'ada@example.org',
  subject: 'c-1',
  context: { ip: '192.0.2.7' },
};
const cloudEvent = {
  specversion: '1.0',
  id: 'A234-1234-1234',
  source: '/mycontext',
  type: 'com.example.someevent',
  time: '2018-04-05T17:31:00Z',
  datacontenttype: 'application/json',
  data: { appinfoA: 'abc', appinfoB: 123, appinfoC: true },
};
const schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  required: ['door'],
  properties: { door: { type: 'string', minLength: 1 } },
};

const eventId = '3d0c7f0e-7a44-4f0e-9f54-0d9f8f1f2a63';
const hash = 'edb885b5ff7c84b1e58f1e4b1559ef5dde73657283a5b96c4e3512c81efbd966';
const recordedAt = '2026-11-26T08:50:06.702Z';
const taken = { eventId, source: 'billing', revision: 0 };
const metadata = {
  actor: 'ada@example.org',
  context: { ip: '192.0.2.7' },
  occurredAt: '2026-11-20T10:00:00.000Z',
  recordedAt,
  recordedBy: 'admin',
  salt: 'b4882a6ae0df099a506727eb56948e45',
  subject: 'c-1',
  timestamp: '2026-11-20T11:00:00+01:00',
  v: 1,
};

/** As it was recorded and hashed: whoever verifies it finds it intact. */
export const LINE = {
  entry: {
    actor: 'ada@example.org',
    content: '7746521f9b1a5d61869b65c1ca1ce6d81e14e0f64f2e2fa984b684af7a2abb10',
    id: eventId,
    index: 17,
    occurredAt: '2026-11-20T10:00:00.000Z',
    previous: '016430338c037eead6163f7c8a858b7d063dd6afdf703856ec5265fc2608a469',
    previousInSource: null,
    recordedAt,
    recordedBy: 'admin',
    revision: 0,
    schema: '8587b0871696e0f630e5415606d48a0122ddbbd1cc27ea5580f81273370341dd',
    source: 'billing',
    type: 'customer.billed',
    v: 1,
    verdict: 'accepted',
  },
  hash,
  metadata,
  payload: { amount: 12.5, currency: 'EUR', customerId: 'c-1' },
};

const streamEvent = {
  ...{ revision: 0, id: eventId, source: 'billing', type: 'customer.billed', recordedAt },
  ...{ payload: LINE.payload, metadata },
};

const problem = (code: string, title: string, status: number, detail: string, more: object) => ({
  ...{ type: `urn:event-ledger:problem:${code}`, title, status, detail, code, requestId: 'Zb3kJ0Qm1vXw-4f' },
  ...more,
});
const invalid = problem('invalid-event', 'The event is not acceptable', 422, '/source is missing', {
  errors: [{ pointer: '/source', keyword: 'required', detail: 'is missing' }],
});
const isConflict = 'is the id of another event of this source, recorded at revision 0';
const conflict = problem(
  'conflict',
  'Another event is recorded under this identity',
  409,
  `"${eventId}" ${isConflict}.`,
  { errors: [{ pointer: '/id', keyword: 'conflict', detail: isConflict }], ...taken },
);

const summary = {
  ...{ intact: true, mode: 'full', range: { fromIndex: 0, toIndex: 18 }, checked: 18, size: 18, head: hash },
  ...{ findingsTotal: 0, startedAt: '2026-11-26T08:50:06.909Z', durationMs: 195 },
};

const credential = {
  ...{ id: '5f0a9c31d2e4', name: 'billing-service', roles: ['writer'], sources: ['billing.*'], kind: 'key' },
  ...{ createdAt: recordedAt, expiresAt: '2027-02-24T08:50:06.702Z', lastUsedAt: null, revokedAt: null },
};
const issued = { credential, secret: `el_${credential.id}_…` };

const linesOf = (...values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('');

export const EXAMPLES: Readonly<Record<string, OperationExamples>> = {
  recordEvents: {
    request: {
      [JSON_TYPE]: {
        'one event': billed,
        'all that can be said': described,
        'a batch': [billed, deactivated],
      },
      [NDJSON_TYPE]: { lines: linesOf(billed, deactivated) },
      [CLOUDEVENT_TYPE]: { 'a CloudEvent': cloudEvent },
      [CLOUDEVENTS_TYPE]: { CloudEvents: [cloudEvent] },
    },
    responses: {
      200: { [JSON_TYPE]: { status: 'queued', ...taken } },
      201: { [JSON_TYPE]: { status: 'recorded', ...taken, index: 17, hash, verdict: 'accepted' } },
      202: { [JSON_TYPE]: { status: 'queued', ...taken } },
      207: {
        [JSON_TYPE]: {
          results: [
            { status: 202, ...taken },
            { status: 422, problem: invalid },
          ],
        },
      },
      409: { [PROBLEM_TYPE]: conflict },
      422: { [PROBLEM_TYPE]: invalid },
    },
  },
  listEvents: { responses: { 200: { [JSON_TYPE]: { events: [LINE], next: null } } } },
  getEvent: { responses: { 200: { [JSON_TYPE]: LINE } } },
  getEntry: { responses: { 200: { [JSON_TYPE]: LINE } } },
  getHead: { responses: { 200: { [JSON_TYPE]: { size: 18, hash, recordedAt } } } },
  listSources: {
    responses: {
      200: {
        [JSON_TYPE]: {
          sources: [
            {
              ...{ source: 'billing', count: 1, lastRevision: 0 },
              ...{ firstRecordedAt: recordedAt, lastRecordedAt: recordedAt },
            },
          ],
          next: null,
        },
      },
    },
  },
  listSourceEvents: { responses: { 200: { [JSON_TYPE]: { events: [streamEvent], next: null } } } },
  getSourceEvent: { responses: { 200: { [JSON_TYPE]: streamEvent } } },
  verifyLedger: {
    responses: {
      200: {
        [JSON_TYPE]: { ...summary, findings: [] },
        [NDJSON_TYPE]: linesOf({ progress: { checked: 7, total: 18 } }, { ...summary, findings: [] }),
      },
    },
  },
  registerSchema: { request: { [JSON_TYPE]: { 'a schema': schema }, [SCHEMA_TYPE]: { 'a schema': schema } } },
  getSchema: { responses: { 200: { [JSON_TYPE]: schema } } },
  listCredentials: { responses: { 200: { [JSON_TYPE]: { credentials: [credential] } } } },
  getCredential: { responses: { 200: { [JSON_TYPE]: credential } } },
  revokeCredential: { responses: { 200: { [JSON_TYPE]: { ...credential, revokedAt: recordedAt } } } },
  addCredential: {
    request: {
      [JSON_TYPE]: {
        'a key for a writer': {
          ...{ name: 'billing-service', roles: ['writer'], sources: ['billing.*'] },
          lifetimeSeconds: 7_776_000,
        },
        'a password for an auditor': { name: 'ada', roles: ['auditor'], kind: 'password' },
      },
    },
    responses: { 201: { [JSON_TYPE]: issued } },
  },
  rotateCredential: {
    request: { [JSON_TYPE]: { 'at once': {}, 'with an hour for both': { overlapSeconds: 3_600 } } },
    responses: { 201: { [JSON_TYPE]: issued } },
  },
  getHealth: {
    responses: {
      200: {
        [JSON_TYPE]: {
          ...{ status: 'ok', lag: { events: 0, seconds: 0 }, head: { size: 18, hash }, alarms: [] },
          ...{ lastVerification: summary, projector: { state: 'leading', detail: null } },
        },
      },
    },
  },
  recordPlainEvent: {
    request: {
      [JSON_TYPE]: {
        'the plain contract': billed,
        'the typed contract': {
          ...{ event_type: 'customer.billed', user_identity: 'ada@example.org' },
          event_data: billed.payload,
        },
      },
    },
  },
  recordAction: {
    request: {
      [JSON_TYPE]: {
        'an action': { userId: 'ada@example.org', action: 'login', metadata: { ip: '192.0.2.7' } },
      },
    },
  },
  recordLog: {
    request: {
      [JSON_TYPE]: {
        'who did what, when and where': {
          ...{
            who: 'ada@example.org',
            what: 'door.opened',
            when: '2026-11-20T11:00:00+01:00',
            where: 'warehouse',
          },
          door: 'north',
        },
      },
    },
  },
};
