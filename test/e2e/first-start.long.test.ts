import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEventStoreDouble, type EventStoreDouble } from '../eventstore-double/eventstore-double.js';
import {
  runCommand,
  startLedger,
  temporaryFolder,
  type Finished,
  type LedgerProcess,
} from '../support/ledger-process.js';
import { parseMetrics } from '../support/metrics.js';
import { startServer, withParts, type TestServer } from '../support/postgres.js';

/** What docker-compose.yml orders, on servers that begin as its images do: with what init wrote, and nothing else. */
describe('the first start of an installation', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: TestServer;
  let double: EventStoreDouble;
  const running: LedgerProcess[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder();
    expect(await init()).toMatchObject({ code: 0 });
    server = await startServer();
    await query(server.superuserUrl, 'CREATE DATABASE ledger');
    await query(withParts(server.superuserUrl, { database: 'ledger' }), await secret('postgres/logins.sql'));
    double = await startEventStoreDouble({
      secured: 'tls',
      certificate: {
        key: await secret('eventstore/node.key'),
        certificate: await secret('eventstore/node.crt'),
        authority: await secret('eventstore/ca/ca.crt'),
      },
      passwords: {
        admin: await secret('eventstore/admin-password'),
        ops: await secret('eventstore/ops-password'),
      },
    });
  });

  afterAll(async () => {
    await Promise.all(running.map((each) => each.stop()));
    await Promise.all([double.stop(), server.remove()]);
    await folder.remove();
  });

  const secret = (name: string): Promise<string> => readFile(`${folder.path}/${name}`, 'utf8');

  const authorizationOf = async (service: 'api' | 'projector'): Promise<string> =>
    `Basic ${btoa(`admin:${await secret(`${service}/admin-password`)}`)}`;

  const init = (): Promise<Finished> =>
    runCommand(['init', folder.path, '--eventstore-host', 'localhost', '--database-host', 'localhost'], {});

  /** As written, but at the ports that the test's servers have. */
  async function urlsOf(service: 'admin' | 'api' | 'projector'): Promise<{ database: string; log: string }> {
    const { username: user, password } = new URL(await secret(`${service}/database-url`));
    const { port } = new URL(double.url.replace('esdb:', 'http:'));
    return {
      database: withParts(server.superuserUrl, { database: 'ledger', user, password }),
      log: (await secret(`${service}/eventstore-url`)).replace(':2113', `:${port}`),
    };
  }

  async function start(command: 'api' | 'projector'): Promise<LedgerProcess> {
    const { database, log } = await urlsOf(command);
    const settings = {
      ...{ DATABASE_URL: database, EVENTSTORE_URL: log, LEDGER_ADMIN_PASSWORD: '' },
      LEDGER_ADMIN_PASSWORD_FILE: `${folder.path}/${command}/admin-password`,
    };
    const started = await startLedger(settings, command);
    running.push(started);
    return started;
  }

  it('makes a database, users with no right too many, and a ledger that takes events', async () => {
    const { database, log } = await urlsOf('admin');
    const migrate = ['migrate', '--grant', 'api=api,credentials', '--grant', 'projector=projector'];
    expect(await runCommand(migrate, { DATABASE_ADMIN_URL: database })).toMatchObject({ code: 0 });
    const settings = {
      EVENTSTORE_ADMIN_URL: log,
      EVENTSTORE_API_PASSWORD_FILE: `${folder.path}/admin/eventstore-api-password`,
      EVENTSTORE_PROJECTOR_PASSWORD_FILE: `${folder.path}/admin/eventstore-projector-password`,
      EVENTSTORE_API_READS_ALL: 'true',
    };
    const setUp = await runCommand(['eventstore', 'setup'], settings);
    expect(setUp, setUp.stderr).toMatchObject({ code: 0 });
    expect(await runCommand(['eventstore', 'setup', '--check'], settings)).toMatchObject({
      code: 0,
      stdout: 'nothing is more open than it should be\n',
    });

    const [api, projector] = await Promise.all([start('api'), start('projector')]);
    const authorization = await authorizationOf('api');
    const headers = { authorization, 'content-type': 'application/json', prefer: 'wait=20' };
    const body = JSON.stringify({ source: 'billing', type: 'user.login', payload: { userId: 'u-1' } });
    const response = await api.request('/v1/events', { method: 'POST', headers, body });
    expect(response.status).toBe(201);
    expect(await api.json('/health', { headers })).toMatchObject({ status: 'ok', lag: { seconds: 0 } });

    expect((await projector.request('/readyz')).status).toBe(200);
    expect((await projector.request('/metrics', { headers: { authorization } })).status).toBe(401);
    const own = { headers: { authorization: await authorizationOf('projector') } };
    const metrics = parseMetrics(await (await projector.request('/metrics', own)).text());
    expect(metrics.value('event_ledger_projector_state', { state: 'leading' })).toBe(1);
    expect(metrics.value('event_ledger_entries')).toBeGreaterThan(0);
    expect(metrics.value('event_ledger_lag_seconds')).toBe(0);
  });

  it('is made once: every later start finds all that it needs', async () => {
    expect(await init()).toMatchObject({ code: 0, stdout: 'nothing to do\n' });
  });
});

async function query(url: string, statements: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statements);
  } finally {
    await client.end();
  }
}
