/** What becomes of connections to a server that hangs. */
import type pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { storeError } from '../../src/postgres/errors.js';
import { createClient, createPool, endClient } from '../../src/postgres/pool.js';
import { until } from '../../src/postgres/server/until.js';
import { startServer, type TestServer } from '../support/postgres.js';

let server: TestServer;
let frozen: number[];

beforeEach(async () => {
  server = await startServer();
  frozen = [];
});

afterEach(async () => {
  thaw();
  await server.remove();
});

/** The server, and the processes that serve these connections. */
async function freeze(...connections: readonly (pg.Client | pg.PoolClient)[]): Promise<void> {
  frozen = [server.pid, ...(await Promise.all(connections.map(backendOf)))];
  for (const pid of frozen) process.kill(pid, 'SIGSTOP');
}

function thaw(): void {
  for (const pid of frozen.splice(0)) process.kill(pid, 'SIGCONT');
}

test('calls are rejected in bounded time, and succeed when it goes on', async () => {
  const options = { url: server.superuserUrl, applicationName: 'test', statementTimeoutMs: 200 };
  const pool = createPool({ ...options, max: 1, connectTimeoutMs: 1_000 });
  const listener = createClient(options);
  await listener.connect();
  const busy = await pool.connect();
  await freeze(listener, busy);

  const sent = await busy.query('SELECT 1').catch((reason: unknown) => reason);
  busy.release(true);
  const begun = performance.now();
  await endClient(listener);
  expect(performance.now() - begun).toBeLessThan(5_000);
  const connecting = await pool.query('SELECT 1').catch((reason: unknown) => reason);
  expect(storeError(sent, 'store-unavailable').code).toBe('store-unavailable');
  expect(storeError(connecting, 'store-unavailable').code).toBe('store-unavailable');

  thaw();
  await expect.poll(() => pool.query('SELECT 1 AS one')).toMatchObject({ rows: [{ one: 1 }] });
  await pool.end();
});

test('a pool ends in bounded time, whatever its connections and those who have them are doing', async () => {
  const pool = createPool({ url: server.superuserUrl, applicationName: 'test', max: 3 });
  const [idle, lent, busy] = await Promise.all([pool.connect(), pool.connect(), pool.connect()]);
  const sockets = openSockets();
  await freeze(idle, lent, busy);
  idle.release();
  const sent = busy.query('SELECT 1').catch((reason: unknown) => reason);
  const begun = performance.now();

  await pool.end();

  expect(performance.now() - begun).toBeLessThan(5_000);
  expect(storeError(await sent, 'store-unavailable').code).toBe('store-unavailable');
  expect(await until(() => Promise.resolve(openSockets() <= sockets - 3), 5_000)).toBe(true);
});

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => /^(Pipe|TCPSocket)Wrap$/.test(name)).length;
}

async function backendOf(client: pg.Client | pg.PoolClient): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_catalog.pg_backend_pid() AS pid');
  return rows[0]?.pid ?? 0;
}
