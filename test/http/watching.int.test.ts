import pino from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Principal } from '../../src/access/principal.js';
import type { Outbox } from '../../src/access/port.js';
import type { Credentials } from '../../src/http/authentication.js';
import { openOutbox } from '../../src/access/postgres/outbox.js';
import { accessLines, waitingIn, type AccessLine } from '../support/access-events.js';
import { basic, event, PASSWORD, startApi, type TestApi } from '../support/api.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';

const AUDITOR: Principal = { name: 'auditor', roles: ['auditor'], sources: [] };
const READER: Principal = { name: 'reader', roles: ['reader'], sources: ['*'] };
const as = (name: string): Record<string, string> => ({ authorization: basic(name, PASSWORD) });

const nameOf = (given: Credentials): string | null =>
  given.scheme === 'basic' && given.user === 'auditor' ? given.user : null;

let database: LedgerDatabase;
let outbox: Outbox;
let api: TestApi;
beforeAll(async () => {
  database = await createLedgerDatabase();
  outbox = openOutbox({ url: database.apiUrl, logger: pino({ level: 'silent' }) });
  api = await startApi({
    database,
    others: [AUDITOR, READER],
    server: {
      outbox,
      nameOf,
    },
  });
  await api.post('/v1/events', [event(), event(), event()]);
  await api.caughtUp();
});
afterAll(async () => {
  await api.close();
  await outbox.close();
  await database.drop();
});

let seen = 0;
afterEach(async () => {
  seen = (await accessLines(api)).length;
});

/** The entries of `_access` since the test began. */
const told = async (): Promise<readonly AccessLine[]> => (await accessLines(api)).slice(seen);

describe('an export', () => {
  it('is recorded with what was asked for, by whom and from where, and comes after what is exported', async () => {
    const answer = await api.get('/v1/export?type=customer.billed&fromIndex=1', {
      ...as('auditor'),
      'x-request-id': 'r-7',
    });
    const lines = answer.text.trimEnd().split('\n');
    const { manifest } = JSON.parse(lines.at(-1) ?? '') as { manifest: { head: { size: number } } };
    const { size } = manifest.head;
    const [line, ...more] = await told();
    expect(more).toEqual([]);
    expect(line).toMatchObject({
      entry: { type: 'export.begun', verdict: 'accepted', recordedBy: 'auditor', index: size },
      payload: {
        ...{ format: 'jsonl', fromIndex: 1, toIndex: size, size },
        filters: { type: ['customer.billed'], fromIndex: ['1'] },
      },
      metadata: { context: { requestId: 'r-7', ip: '127.0.0.1' } },
    });
  });

  it('is recorded as CSV with its columns', async () => {
    await api.get('/v1/export?format=csv&columns=index,payload.customerId', as('auditor'));
    expect((await told()).map(({ payload }) => payload)).toMatchObject([
      { format: 'csv', columns: ['index', 'payload.customerId'] },
    ]);
  });

  it('sends nothing when it cannot be recorded', async () => {
    await asSuperuser(database, (client) => client.query('ALTER TABLE access.outbox RENAME TO away'));
    try {
      const answer = await api.get('/v1/export', as('auditor'));
      expect([answer.status >= 500, answer.text.includes('customer.billed')]).toEqual([true, false]);
    } finally {
      await asSuperuser(database, (client) => client.query('ALTER TABLE access.away RENAME TO outbox'));
    }
  });

  it('waits in the database before its first byte is sent', async () => {
    await asSuperuser(database, async (client) => {
      // whoever delivers has to wait
      await client.query('BEGIN');
      await client.query('SELECT pg_advisory_xact_lock(4713098625110745)');
      const answer = await fetch(`${api.url}/v1/export`, { headers: as('auditor') });
      expect(await waitingIn(database)).toBe(1);
      await answer.text();
      await client.query('COMMIT');
    });
    // nobody is told that the lock is free
    await outbox.put({ type: 'x', payload: {}, by: { recordedBy: 'x', actor: null, context: null } });
    expect((await told()).map(({ entry }) => entry.type)).toEqual(['export.begun', 'x']);
  });
});

describe('a verification', () => {
  it('is recorded with what it came to, whatever its form', async () => {
    await api.get('/v1/verify?fromIndex=0&toIndex=2', as('auditor'));
    await api.get('/v1/verify?mode=deep', { ...as('auditor'), accept: 'application/x-ndjson' });
    const lines = await told();
    const finished = { outcome: 'finished', intact: true, findings: 0, codes: [] };
    expect(lines.map(({ entry }) => entry)).toMatchObject([
      { type: 'verification.ended', recordedBy: 'auditor' },
      { type: 'verification.ended', recordedBy: 'auditor' },
    ]);
    expect(lines.map(({ payload }) => payload)).toMatchObject([
      { mode: 'full', fromIndex: 0, toIndex: 2, source: null, checked: 2, ...finished },
      { mode: 'deep', fromIndex: null, toIndex: null, ...finished },
    ]);
  });

  it('gives its report also when it cannot be recorded, and is recorded when it can be', async () => {
    await asSuperuser(database, (client) => client.query('ALTER TABLE access.outbox RENAME TO away'));
    try {
      const { status, body } = await api.get('/v1/verify', as('auditor'));
      expect([status, body.findingsTotal]).toEqual([200, expect.any(Number)]);
      expect(JSON.stringify(body)).toContain('access.outbox');
    } finally {
      await asSuperuser(database, (client) => client.query('ALTER TABLE access.away RENAME TO outbox'));
    }
    await expect
      .poll(async () => (await told()).map(({ payload }) => payload))
      .toMatchObject([{ outcome: 'finished', intact: false, codes: ['catalogue-altered'] }]);
  });
});

describe('a schema that is registered', () => {
  it('is told of in _access, too', async () => {
    const { body } = await api.request('/v1/schemas/watched', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"type":"object"}',
    });
    expect(await told()).toMatchObject([
      {
        entry: { type: 'schema.changed', recordedBy: 'admin' },
        payload: { type: 'watched', schema: body.schema, revision: body.revision },
      },
    ]);
  });
});

describe('what is refused, or only asked about', () => {
  it('is not recorded', async () => {
    const asked = [
      api.get('/v1/export?limit=1', as('auditor')),
      api.get('/v1/export?format=x', as('auditor')),
      api.get('/v1/verify?mode=deep&fromIndex=1', as('auditor')),
      api.request('/v1/export', { method: 'HEAD', headers: as('auditor') }),
      api.get('/v1/head', as('auditor')),
      api.get('/v1/events', as('reader')),
    ];
    for (const one of asked) await one;
    expect(await told()).toEqual([]);
  });

  it('may be written to _access by nobody', async () => {
    const forged = event({ source: '_access', type: 'login.failed' });
    expect((await api.post('/v1/events', forged)).status).toBe(403);
    expect((await api.post('/v1/events', [forged])).text).toContain('reserved-source');
    expect(await told()).toEqual([]);
  });
});

describe('logins that fail, and rights that are denied', () => {
  it('are summed up, without the names of those whom nobody knows', async () => {
    const other = await startApi({ database, project: false, others: [READER], server: { outbox, nameOf } });
    const attempts = [
      basic('auditor', 'wrong'),
      basic('auditor', 'wrong'),
      basic('a password in the wrong place', 'x'),
      'Bearer el_000000000000_x',
    ];
    for (const authorization of attempts) {
      expect((await other.get('/v1/head', { authorization })).status).toBe(401);
    }
    expect((await other.get('/v1/export', as('reader'))).status).toBe(403);
    await other.close();
    const here = { addresses: [{ address: '127.0.0.1' }], otherAddresses: 0 };
    const lines = await told();
    expect(
      lines.map(({ entry, payload }) => ({ type: entry.type, by: entry.recordedBy, payload })),
    ).toMatchObject([
      {
        ...{ type: 'login.failed', by: 'event-ledger' },
        payload: { count: 4, names: [{ name: 'auditor', count: 2 }], otherNames: 2, ...here },
      },
      {
        ...{ type: 'access.denied', by: 'event-ledger' },
        payload: { count: 1, names: [{ name: 'reader', count: 1 }], otherNames: 0, ...here },
      },
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/wrong|000000000000/);
  });
});

describe('who may see _access', () => {
  it('is an auditor, and no reader whose pattern does not name it', async () => {
    await api.get('/v1/export', as('auditor'));
    const [line] = await told();
    const path = `/v1/entries/${line?.entry.index}`;
    expect((await api.get(path, as('auditor'))).status).toBe(200);
    expect((await api.get(path, as('reader'))).status).toBe(404);
    const page = await api.get<{ events: unknown[] }>(
      '/v1/events?internal=true&source=_access',
      as('reader'),
    );
    expect(page.body.events).toEqual([]);
  });
});

describe('with RECORD_READS=true', () => {
  let reading: TestApi;
  beforeAll(async () => {
    const server = { outbox, recordReads: true };
    reading = await startApi({ database, project: false, others: [AUDITOR, READER], server });
  });
  afterAll(() => reading.close());

  it('each reading of entries is recorded, with what was asked for and by whom', async () => {
    const { body } = await reading.get<{ events: { entry: { id: string } }[] }>(
      '/v1/events?source=billing&limit=1',
      as('reader'),
    );
    const eventId = body.events[0]?.entry.id ?? '';
    await reading.get('/v1/entries/0', as('auditor'));
    await reading.get(`/v1/events/${eventId}`, as('reader'));
    await reading.get('/v1/sources/billing/events', as('reader'));
    const ended = new AbortController();
    const tail = await fetch(`${reading.url}/v1/events/stream?source=billing`, {
      headers: { ...as('reader'), 'last-event-id': '0' },
      signal: ended.signal,
    });
    ended.abort();
    expect(tail.status).toBe(200);
    const lines = await told();
    expect(lines.map(({ entry, payload }) => [entry.type, entry.recordedBy, payload])).toEqual([
      [
        'entries.read',
        'reader',
        { operation: 'listEvents', path: {}, query: { source: ['billing'], limit: ['1'] } },
      ],
      ['entries.read', 'auditor', { operation: 'getEntry', path: { index: '0' }, query: {} }],
      ['entries.read', 'reader', { operation: 'getEvent', path: { eventId }, query: {} }],
      ['entries.read', 'reader', expect.objectContaining({ path: { source: 'billing' } })],
      [
        ...['entries.read', 'reader'],
        { operation: 'tailEvents', path: {}, query: { source: ['billing'] }, lastEventId: '0' },
      ],
    ]);
  });

  it('what is refused, not found, or no entry is not', async () => {
    await reading.get('/v1/entries/999999999', as('reader'));
    await reading.get('/v1/events?limit=none', as('reader'));
    await reading.get('/v1/head', as('auditor'));
    await reading.request('/v1/entries/0', { method: 'HEAD', headers: as('auditor') });
    expect(await told()).toEqual([]);
  });

  it('nothing is read that cannot be recorded', async () => {
    await asSuperuser(database, (client) => client.query('ALTER TABLE access.outbox RENAME TO away'));
    try {
      for (const path of ['/v1/events', '/v1/events/stream?fromIndex=0']) {
        const { status, text } = await reading.get(path, as('auditor'));
        expect([status >= 500, text.includes('customer.billed')]).toEqual([true, false]);
      }
    } finally {
      await asSuperuser(database, (client) => client.query('ALTER TABLE access.away RENAME TO outbox'));
    }
  });
});
