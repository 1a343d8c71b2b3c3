import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEventStoreDouble, type EventStoreDouble } from '../eventstore-double/eventstore-double.js';
import { createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { eventually, startLedger, type LedgerProcess } from '../support/ledger-process.js';
import { startServer, type TestServer } from '../support/postgres.js';

interface Issued {
  readonly credential: { readonly id: string };
  readonly secret: string;
}

interface StreamPage {
  readonly events: readonly { readonly metadata: { readonly recordedBy: string } }[];
}

describe('while PostgreSQL is away, with the log in EventStoreDB', () => {
  let double: EventStoreDouble;
  let server: TestServer;
  let database: LedgerDatabase;
  let api: LedgerProcess;

  beforeAll(async () => {
    double = await startEventStoreDouble();
    server = await startServer({ durable: true });
    database = await createLedgerDatabase(server.superuserUrl);
    api = await startLedger({ EVENTSTORE_URL: double.url, DATABASE_URL: database.apiUrl }, 'api');
  });

  afterAll(async () => {
    await api.stop();
    await double.stop();
    await server.remove();
  });

  const jsonType = { 'content-type': 'application/json' };

  async function issue(name: string, role: string, kind = 'key'): Promise<Issued> {
    const body = JSON.stringify({ name, roles: [role], sources: ['billing.*'], kind });
    return api.json<Issued>('/v1/credentials', { method: 'POST', headers: jsonType, body });
  }

  async function write(authorization: string, source = 'billing.eu'): Promise<number> {
    const { status } = await api.request('/v1/events', {
      method: 'POST',
      headers: { ...jsonType, authorization },
      body: JSON.stringify({ source, type: 't', payload: 1 }),
    });
    return status;
  }

  it('who is known writes with key and password as ever, to its sources alone, and nobody else does', async () => {
    const byKey = await issue('by-key', 'writer');
    const byPassword = await issue('by-password', 'writer', 'password');
    const revoked = await issue('revoked', 'writer');
    const reader = await issue('by-eye', 'reader');
    await api.request(`/v1/credentials/${revoked.credential.id}`, { method: 'DELETE' });
    await server.kill();

    const key = `Bearer ${byKey.secret}`;
    const password = `Basic ${btoa(`by-password:${byPassword.secret}`)}`;
    // the password is checked for the first time now
    expect([await write(key), await write(password)]).toEqual([202, 202]);
    expect([await write(key, 'crm'), await write(password, 'crm')]).toEqual([403, 403]);
    const wrong = [
      `Bearer ${revoked.secret}`,
      `${key.slice(0, -3)}AAA`,
      `Basic ${btoa('by-password:wrong')}`,
    ];
    for (const each of wrong) expect(await write(each)).toBe(401);

    const stream = await api.json<StreamPage>('/v1/sources/billing.eu/events', {
      headers: { authorization: `Bearer ${reader.secret}` },
    });
    expect(stream.events.map(({ metadata }) => metadata.recordedBy)).toEqual(['by-key', 'by-password']);
    const made = await api.request('/v1/credentials', {
      ...{ method: 'POST', headers: jsonType },
      body: JSON.stringify({ name: 'late', roles: ['monitor'] }),
    });
    expect(made.status).toBe(503);

    await server.start();
    await eventually('a revocation acts again', async () => {
      await api.request(`/v1/credentials/${byKey.credential.id}`, { method: 'DELETE' });
      return (await write(key)) === 401;
    });
    expect(await write(password)).toBe(202);
  });
});
