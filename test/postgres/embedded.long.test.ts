import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  attachOrStart,
  findRunning,
  startEmbedded,
  type EmbeddedServer,
} from '../../src/postgres/server/embedded.js';
import { findPostmaster } from '../../src/postgres/server/postmaster.js';
import { childrenOf, isAlive } from '../../src/postgres/server/process.js';
import { until } from '../../src/postgres/server/until.js';
import { temporaryData, type DataDirectory } from '../support/data-directory.js';
import { clusterOf, silent, sql } from '../support/embedded.js';

/** stopped, after its first start: each test has a copy of its own */
let made: DataDirectory;
const directories: DataDirectory[] = [];
const servers: EmbeddedServer[] = [];

beforeAll(async () => {
  made = await temporaryData();
  await (await startEmbedded({ dataDirectory: made.path, logger: silent })).stop();
});

afterAll(() => made.remove());

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  await Promise.all(directories.splice(0).map((directory) => directory.remove()));
});

async function copy(name = 'data'): Promise<string> {
  const data = await temporaryData({ name, copyOf: made });
  directories.push(data);
  return data.path;
}

async function start(dataDirectory: string): Promise<EmbeddedServer> {
  const server = await startEmbedded({ dataDirectory, logger: silent });
  servers.push(server);
  return server;
}

async function postmasterOf(dataDirectory: string): Promise<number> {
  const pid = await findPostmaster(clusterOf(dataDirectory));
  if (pid === null) throw new Error('no server runs');
  return pid;
}

describe('an embedded server', () => {
  test('is started for a command when none runs, and stopped with it', async () => {
    const path = await copy();
    expect(await findRunning(path)).toBeNull();
    const server = await attachOrStart({ dataDirectory: path, logger: silent });
    servers.push(server);
    expect(server.owned).toBe(true);
    expect((await findRunning(path))?.url('api')).toBe(server.url('api'));
    await server.stop();
    expect(await findRunning(path)).toBeNull();
  });

  test('keeps what was committed from one start to the next, and stops within 5 s', async () => {
    const path = await copy();
    const first = await start(path);
    await sql(first.url('superuser'), 'CREATE TABLE public.note AS SELECT 1 AS one');
    const pid = await postmasterOf(path);
    const begun = performance.now();
    await first.stop();
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(isAlive(pid)).toBe(false);

    const second = await start(path);

    expect(await sql(second.url('superuser'), 'SELECT one FROM public.note')).toEqual([{ one: 1 }]);
    expect(second.url('api')).toBe(first.url('api'));
  });

  test('is started again when it is killed, at the same address', async () => {
    const path = await copy();
    const server = await start(path);
    await sql(server.url('superuser'), 'CREATE TABLE public.note AS SELECT 1 AS one');
    const killed = await postmasterOf(path);

    process.kill(killed, 'SIGKILL');

    expect(await until(() => Promise.resolve(server.state === 'restarting'), 10_000)).toBe(true);
    expect(await until(() => Promise.resolve(server.state === 'running'), 30_000)).toBe(true);
    expect(await postmasterOf(path)).not.toBe(killed);
    expect(await sql(server.url('superuser'), 'SELECT one FROM public.note')).toEqual([{ one: 1 }]);
  });

  test('that is being started again can be stopped', async () => {
    const path = await copy();
    const server = await start(path);
    process.kill(await postmasterOf(path), 'SIGKILL');
    expect(await until(() => Promise.resolve(server.state === 'restarting'), 10_000)).toBe(true);
    const begun = performance.now();
    await server.stop();
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(await findPostmaster(clusterOf(path))).toBeNull();
  });

  test('stops in order although all of its processes hang, and none of them is left', async () => {
    const path = await copy();
    const server = await start(path);
    const client = new pg.Client({ connectionString: server.url('superuser') });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('CREATE TABLE public.note AS SELECT 1 AS one');
    const postmaster = await postmasterOf(path);
    const processes = [postmaster, ...(await childrenOf(postmaster))];
    for (const pid of processes) process.kill(pid, 'SIGSTOP');

    const begun = performance.now();
    await server.stop();

    expect(performance.now() - begun).toBeLessThan(5000);
    expect(processes.length).toBeGreaterThan(3);
    expect(processes.filter(isAlive)).toEqual([]);
    const again = await start(path);
    expect(await sql(again.url('superuser'), 'SELECT one FROM public.note')).toEqual([{ one: 1 }]);
    expect(await readFile(join(path, 'postgres.log'), 'utf8')).not.toContain('not properly shut down');
  });

  test('stops although a client is in the middle of a transaction, of which nothing stays', async () => {
    const path = await copy();
    const server = await start(path);
    const client = new pg.Client({ connectionString: server.url('superuser') });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('BEGIN');
    await client.query('CREATE TABLE public.note (text text)');

    await server.stop();
    await server.stop();

    expect(server.state).toBe('stopped');
    expect(await findPostmaster(clusterOf(path))).toBeNull();
    const again = await start(path);
    const tables = await sql(again.url('superuser'), "SELECT to_regclass('public.note') AS note");
    expect(tables).toEqual([{ note: null }]);
  });
});

describe('a data directory', () => {
  test('whose database was lost is not taken for an empty ledger', async () => {
    const path = await copy();
    await rm(clusterOf(path), { recursive: true });
    await expect(start(path)).rejects.toMatchObject({
      code: 'invalid-configuration',
      message: expect.stringContaining('gone') as string,
    });
  });

  test('whose passwords were lost is not given new ones', async () => {
    const path = await copy();
    await rm(join(path, 'logins.json'));
    await expect(start(path)).rejects.toMatchObject({ code: 'invalid-configuration' });
  });

  test.each([
    ['spaces, quotes, commas and letters of any script', 'my "ledger", Größe\'s 帳簿'],
    ['a path too long for a socket', join('x'.repeat(100), 'y'.repeat(100))],
  ])('may have %s', async (_what, name) => {
    const server = await start(await copy(name));
    expect(await sql(server.url('api'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
