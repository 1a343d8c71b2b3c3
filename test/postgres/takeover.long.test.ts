import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { chooseAccount } from '../../src/postgres/server/account.js';
import { startEmbedded } from '../../src/postgres/server/embedded.js';
import { findPostmaster } from '../../src/postgres/server/postmaster.js';
import { isAlive } from '../../src/postgres/server/process.js';
import { until } from '../../src/postgres/server/until.js';
import { temporaryData, type DataDirectory } from '../support/data-directory.js';
import { clusterOf, runEmbedded, silent, sql, type EmbeddedProcess } from '../support/embedded.js';

/** stopped, after its first start */
let made: DataDirectory;
let data: DataDirectory;
const processes: EmbeddedProcess[] = [];

beforeAll(async () => {
  made = await temporaryData();
  const server = await startEmbedded({ dataDirectory: made.path, logger: silent });
  await server.stop();
});

afterAll(() => made.remove());

beforeEach(async () => {
  data = await temporaryData({ copyOf: made });
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

describe('after SIGKILL', () => {
  test('of the owner, the next start ends the orphaned server and has all data', async () => {
    const owner = run();
    const { url } = await owner.outcome;
    await sql(url, 'CREATE TABLE public.note AS SELECT 1 AS one');
    await owner.end('SIGKILL');
    const orphan = await findPostmaster(clusterOf(data.path));
    expect(orphan).not.toBeNull();

    const next = await run().outcome;

    expect(await sql(next.url, 'SELECT one FROM public.note')).toEqual([{ one: 1 }]);
    expect(isAlive(orphan ?? 0)).toBe(false);
  });

  test('of the owner and its server, the next start recovers', async () => {
    const owner = run();
    const { url } = await owner.outcome;
    await sql(url, 'CREATE TABLE public.note AS SELECT 1 AS one');
    const postmaster = await findPostmaster(clusterOf(data.path));
    await owner.end('SIGKILL');
    process.kill(postmaster ?? 0, 'SIGKILL');

    const next = await run().outcome;

    expect(await sql(next.url, 'SELECT one FROM public.note')).toEqual([{ one: 1 }]);
  });

  test('of the owner, an orphan that hangs is ended too', async () => {
    const owner = run();
    await owner.outcome;
    const postmaster = (await findPostmaster(clusterOf(data.path))) ?? 0;
    process.kill(postmaster, 'SIGSTOP');
    await owner.end('SIGKILL');

    const next = await run().outcome;

    expect(await sql(next.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(isAlive(postmaster)).toBe(false);
  });
});

test('of two starts at the same moment one succeeds and the other says that the directory is in use', async () => {
  const outcomes = await Promise.all([run().outcome, run().outcome]);
  expect(outcomes.map(({ code }) => code ?? 'ready').toSorted()).toEqual(['in-use', 'ready']);
});

test('of two first starts at the same moment one succeeds, too', async () => {
  await data.remove();
  data = await temporaryData();
  const outcomes = await Promise.all([run().outcome, run().outcome]);
  expect(outcomes.map(({ code }) => code ?? 'ready').toSorted()).toEqual(['in-use', 'ready']);
});

test('a process that exits without stopping its server leaves it with the order to end', async () => {
  const owner = run();
  await owner.outcome;
  const postmaster = (await findPostmaster(clusterOf(data.path))) ?? 0;
  owner.child.stdin?.write('exit');
  await once(owner.child, 'exit');
  expect(await until(() => Promise.resolve(!isAlive(postmaster)), 5000)).toBe(true);
});

test('Ctrl-C at the terminal leaves the server to us', async () => {
  const owner = run();
  const { url } = await owner.outcome;
  const postmaster = (await findPostmaster(clusterOf(data.path))) ?? 0;

  process.kill(-(owner.child.pid ?? 0), 'SIGINT');

  expect(await sql(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(isAlive(postmaster)).toBe(true);
  await owner.end('SIGTERM');
  expect(isAlive(postmaster)).toBe(false);
});

describe('what an earlier run left', () => {
  test('files with the number of another program: it is not touched, the server starts', async () => {
    const stranger = await strangerOfServer();
    try {
      await leavePidFile(stranger.pid ?? 0);
      const lock = join(data.path, 'postgres', 'socket', '.s.PGSQL.5432.lock');
      await writeFile(lock, `${stranger.pid ?? 0}\n`);
      await giveToServer(lock);

      const { url } = await run().outcome;

      expect(await sql(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      expect(isAlive(stranger.pid ?? 0)).toBe(true);
    } finally {
      stranger.kill();
    }
  });

  test('a pid file and a socket of before a reboot', async () => {
    await leavePidFile(4_000_000);
    const socket = join(data.path, 'postgres', 'socket');
    await writeFile(join(socket, '.s.PGSQL.5432'), '');
    await writeFile(join(socket, '.s.PGSQL.5432.lock'), '4000000\n');
    const { url } = await run().outcome;
    expect(await sql(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('half a cluster', async () => {
    await data.remove();
    data = await temporaryData();
    const draft = join(data.path, 'postgres', 'initialising-1', 'cluster', 'base');
    await mkdir(draft, { recursive: true });
    const { url } = await run().outcome;
    expect(await sql(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect((await readdir(join(data.path, 'postgres'))).filter((name) => name.startsWith('init'))).toEqual(
      [],
    );
  });
});

/** A program that has nothing to do with PostgreSQL and belongs to the user that it runs as. */
async function strangerOfServer(): Promise<ChildProcess> {
  const account = await chooseAccount();
  const child = spawn('sleep', ['600'], { ...(account && { uid: account.uid, gid: account.gid }) });
  await once(child, 'spawn');
  return child;
}

async function leavePidFile(pid: number): Promise<void> {
  const cluster = clusterOf(data.path);
  const path = join(cluster, 'postmaster.pid');
  await writeFile(path, `${pid}\n${cluster}\n1700000000\n5432\n\n\n  1 1\nready   \n`);
  await giveToServer(path);
}

async function giveToServer(path: string): Promise<void> {
  const account = await chooseAccount();
  if (account) await chown(path, account.uid, account.gid);
}
