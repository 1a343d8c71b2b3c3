import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findPostmaster, readPostmasterFile } from '../../src/postgres/server/postmaster.js';
import { temporaryData, type DataDirectory } from '../support/data-directory.js';
import { clusterOf, runEmbedded, sql, type EmbeddedProcess } from '../support/embedded.js';

const ROUNDS = 25;
const RACES = 6;

let data: DataDirectory;
const processes: EmbeddedProcess[] = [];

beforeEach(async () => {
  data = await temporaryData();
});

afterEach(async () => {
  await Promise.all(processes.splice(0).map((process) => process.end('SIGKILL')));
  await data.remove();
});

function run(): EmbeddedProcess {
  const process = runEmbedded(data.path);
  processes.push(process);
  return process;
}

/** Write numbers until the server is gone. @returns those that were acknowledged */
async function writeUntilEnd(url: string): Promise<readonly number[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  const acknowledged: number[] = [];
  try {
    await client.connect();
    await client.query('CREATE TABLE IF NOT EXISTS public.note (number bigint PRIMARY KEY)');
    for (;;) {
      const number = Date.now() * 1000 + (acknowledged.length % 1000);
      await client.query('INSERT INTO public.note VALUES ($1) ON CONFLICT DO NOTHING', [number]);
      acknowledged.push(number);
    }
  } catch {
    return acknowledged;
  } finally {
    await client.end();
  }
}

async function killServer(): Promise<void> {
  const pid = await findPostmaster(clusterOf(data.path)).catch(() => null);
  if (pid !== null) process.kill(pid, 'SIGKILL');
}

test('killed at any moment, the first start included, the next start has all that was acknowledged', async () => {
  const acknowledged: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const owner = run();
    const writing = owner.outcome.then(({ url }) => (url === undefined ? [] : writeUntilEnd(url)));
    // The moment of the kill: the first rounds hit the making of the cluster, the later ones the work.
    await sleep(round < 8 ? 300 + round * 200 : 400 + Math.random() * 2000);
    if (round % 3 !== 1) await owner.end('SIGKILL');
    if (round % 3 !== 0) await killServer();
    if (round % 3 === 1) await owner.end('SIGKILL');
    // An orphan goes on to serve whoever is connected, until the next owner ends it.
    const next = round % 3 === 0 ? run() : null;
    await next?.outcome;
    acknowledged.push(...(await writing));
    await next?.end('SIGTERM');
  }

  const { url } = await run().outcome;

  const rows = (await sql(url, 'SELECT number::float8 AS number FROM public.note')) as { number: number }[];
  const kept = new Set(rows.map(({ number }) => number));
  expect(acknowledged.length).toBeGreaterThan(100);
  expect(acknowledged.filter((number) => !kept.has(number))).toEqual([]);
  const left = await readdir(join(data.path, 'postgres'));
  expect(left.filter((name) => name.startsWith('initialising'))).toEqual([]);
});

test('of many starts at the same moment after a crash, one succeeds', async () => {
  await (await first()).end('SIGKILL');
  for (let race = 0; race < RACES; race += 1) {
    const runners = Array.from({ length: 4 }, run);
    const outcomes = await Promise.all(runners.map(({ outcome }) => outcome));
    expect(outcomes.map(({ code }) => code ?? 'ready').toSorted()).toEqual([
      'in-use',
      'in-use',
      'in-use',
      'ready',
    ]);
    const winner = runners[outcomes.findIndex(({ url }) => url !== undefined)];
    await winner?.end('SIGKILL');
    expect((await readPostmasterFile(clusterOf(data.path)))?.status).toBe('ready');
  }
});

async function first(): Promise<EmbeddedProcess> {
  const owner = run();
  await owner.outcome;
  return owner;
}
