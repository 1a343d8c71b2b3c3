import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROLES, type Principal, type Role } from '../../src/access/principal.js';
import { basic, PASSWORD, startApi, type TestApi } from '../support/api.js';

/** Of every operation: who may, besides an admin. Whoever adds a route says it here, too. */
const MAY: Readonly<Record<string, readonly Role[] | 'whoever'>> = {
  getLiveness: 'whoever',
  getReadiness: 'whoever',
  getHealth: 'whoever',
  getDescription: 'whoever',
  listSchemas: 'whoever',
  getSchema: 'whoever',
  registerSchema: [],
  listCredentials: [],
  addCredential: [],
  getCredential: [],
  rotateCredential: [],
  revokeCredential: [],
  getMetrics: ['monitor'],
  recordEvents: ['writer'],
  recordPlainEvent: ['writer'],
  recordAction: ['writer'],
  recordLog: ['writer'],
  listPlainEvents: ['reader', 'auditor'],
  queryTypedEvents: ['reader', 'auditor'],
  listActions: ['reader', 'auditor'],
  listLogs: ['reader', 'auditor'],
  getLog: ['reader', 'auditor'],
  listEvents: ['reader', 'auditor'],
  getEvent: ['reader', 'auditor'],
  tailEvents: ['reader', 'auditor'],
  getEntry: ['reader', 'auditor'],
  getHead: ['auditor'],
  listSources: ['reader', 'auditor'],
  listSourceEvents: ['reader', 'auditor'],
  getSourceEvent: ['reader', 'auditor'],
  getStats: ['auditor'],
  verifyLedger: ['auditor'],
  exportLedger: ['auditor'],
};

interface Operation {
  readonly operationId: string;
  readonly description?: string;
  readonly responses: Readonly<Record<string, unknown>>;
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

const ROLES_BUT_ADMIN = ROLES.filter((role) => role !== 'admin');
const OTHERS: readonly Principal[] = [
  ...ROLES_BUT_ADMIN.map((role) => ({ name: role, roles: [role], sources: ['billing.*', 'writer'] })),
  { name: 'nobody', roles: [], sources: ['*'] },
];

describe('a role', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await startApi({ others: OTHERS });
  });

  afterAll(async () => {
    await api.close();
  });

  const as = (name: string) => ({ authorization: basic(name, PASSWORD) });

  async function operations(): Promise<{ method: string; path: string; operation: Operation }[]> {
    const { body } = await api.get<{ paths: Paths }>('/openapi.json');
    return Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        ...{ method: method.toUpperCase(), operation },
        path: path.replace('{index}', '0').replaceAll(/\{\w+\}/g, '11111111-1111-4111-8111-111111111111'),
      })),
    );
  }

  /** The status alone: a tail would never end. */
  async function statusOf(method: string, path: string, name: string): Promise<number> {
    const over = new AbortController();
    const { status } = await fetch(`${api.url}${path}`, {
      ...{ method, signal: over.signal },
      headers: { ...as(name), 'content-type': 'application/json' },
      body: method === 'GET' ? null : 'no JSON',
    });
    over.abort();
    return status;
  }

  it('opens the routes that are its own, and no other answers anything but 403', async () => {
    const table: Record<string, readonly string[] | 'whoever'> = {};
    for (const { method, path, operation } of await operations()) {
      const admitted: string[] = [];
      for (const { name } of OTHERS) {
        const status = await statusOf(method, path, name);
        expect(status, `${operation.operationId} as ${name}`).not.toBe(401);
        if (status !== 403) admitted.push(name);
      }
      table[operation.operationId] = admitted.includes('nobody') ? 'whoever' : admitted;
      expect(await statusOf(method, path, 'admin'), operation.operationId).not.toBe(403);
      const isOpen = admitted.includes('nobody');
      // also where any right will do: over plain HTTP from another machine
      expect('403' in operation.responses, operation.operationId).toBe('401' in operation.responses);
      expect(/Needs the right to \w+\./.test(operation.description ?? '')).toBe(!isOpen);
    }
    expect(table).toEqual(MAY);
  });

  it('is needed for all of /health but the status', async () => {
    const full = await api.get('/health', as('monitor'));
    expect(Object.keys(full.body)).toContain('head');
    for (const name of ['writer', 'reader', 'auditor', 'nobody']) {
      const { status, body } = await api.get('/health', as(name));
      expect({ status, body }).toEqual({ status: 200, body: { status: 'ok' } });
    }
  });

  it('of a writer is for the sources of its patterns alone', async () => {
    const event = (source: string, more: object = {}) => ({ source, type: 'a', payload: 1, ...more });
    const taken = await api.post('/v1/events', event('billing.eu'), as('writer'));
    expect(taken.status).toBe(202);
    const own = await api.get<{ metadata: { recordedBy: string } }>(
      `/v1/sources/billing.eu/events/${String(taken.body.revision)}`,
    );
    expect(own.body.metadata.recordedBy).toBe('writer');

    const { status, body } = await api.post('/v1/events', event('crm'), as('writer'));
    expect({ status, body }).toMatchObject({
      status: 403,
      body: {
        code: 'forbidden',
        detail: 'These credentials may not write to the source "crm".',
        errors: [{ pointer: '/source', keyword: 'principal' }],
      },
    });
    const mixed = await api.post<{ results: { status: number }[] }>(
      '/v1/events',
      [event('billing.us'), event('crm'), event('_access')],
      as('writer'),
    );
    expect(mixed.status).toBe(207);
    expect(mixed.body.results.map((result) => result.status)).toEqual([202, 403, 403]);
    expect((await api.get('/v1/sources/crm/events')).body).toMatchObject({ events: [] });
  });

  it('of a writer tells nothing of the ids that other sources have', async () => {
    const id = 'known';
    await api.post('/v1/events', { source: 'crm.secret', type: 'a', payload: 1, id });
    const answers = await Promise.all(
      ['known', 'other'].map((each) =>
        api.post('/v1/events', { source: 'crm.secret', type: 'a', payload: 1, id: each }, as('writer')),
      ),
    );
    const [known, other] = answers.map(({ status, body }) => ({ status, ...body, requestId: null }));
    expect(known).toEqual(other);
  });

  it('of a writer holds in the other contracts, whose source is its name', async () => {
    const log = { who: 'ada', what: 'a' };
    expect((await api.post('/logs', log, as('writer'))).status).toBe(201);
    const refused = await api.post('/logs', log, as('nobody'));
    expect({ status: refused.status, code: refused.body.code }).toEqual({ status: 403, code: 'forbidden' });
  });
});
