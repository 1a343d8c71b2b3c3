import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPlaceDirectory } from '../../src/postgres/server/place.js';
import { findPostmaster } from '../../src/postgres/server/postmaster.js';
import {
  commandEnvironment,
  eventually,
  runCommand,
  startLedger,
  temporaryFolder,
  type LedgerProcess,
} from '../support/ledger-process.js';

const ROOT = new URL('../..', import.meta.url).pathname;

const EVENT = JSON.stringify({
  source: 'billing',
  type: 'customer.billed',
  payload: { customerId: 'c-1', amount: 12.5, currency: 'EUR' },
});

interface Head {
  readonly size: number;
  readonly hash: string;
}

describe('event-ledger start', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let running: LedgerProcess[];

  beforeEach(async () => {
    folder = await temporaryFolder();
    running = [];
  });

  afterEach(async () => {
    await Promise.all(running.map((ledger) => ledger.stop('SIGTERM')));
    await folder.remove();
  });

  async function start(): Promise<LedgerProcess> {
    const ledger = await startLedger({ LEDGER_DATA: `${folder.path}/data` });
    running.push(ledger);
    return ledger;
  }

  async function record(ledger: LedgerProcess): Promise<Head> {
    const headers = { 'content-type': 'application/json', prefer: 'wait=10' };
    const response = await ledger.request('/v1/events', { method: 'POST', headers, body: EVENT });
    expect(response.status).toBe(201);
    return await ledger.json<Head>('/v1/head');
  }

  it('is ready within seconds, takes an event, stops cleanly and has it all at the next start', async () => {
    const first = await start();
    // under 5 s on an idle machine; the tests share two cores with each other
    expect(first.startupMs).toBeLessThan(20_000);
    const head = await record(first);
    expect(await serverOf(`${folder.path}/data`)).not.toBeNull();

    const stopping = performance.now();
    expect(await first.stop('SIGINT')).toBe(0);
    expect(performance.now() - stopping).toBeLessThan(5_000);
    expect(await serverOf(`${folder.path}/data`)).toBeNull();

    const second = await start();
    expect(await second.json<Head>('/v1/head')).toMatchObject({ size: head.size, hash: head.hash });
  });

  it('one Ctrl-C on npm start, which the terminal and npm both pass on, is one clean stop', async () => {
    const npm = spawn('npm', ['start'], {
      cwd: ROOT,
      env: commandEnvironment({ LEDGER_DATA: `${folder.path}/data`, PORT: '0' }),
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(npm, 'close') as Promise<[number | null]>;
    let log = '';
    npm.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    await eventually('the ledger is ready', () => Promise.resolve(log.includes('"msg":"ready"')));
    const { pid = 0 } = npm;
    process.kill(-pid, 'SIGINT');
    process.kill(pid, 'SIGINT');
    expect((await ended)[0], log).toBe(0);
    expect(await serverOf(`${folder.path}/data`)).toBeNull();
  });

  it('a second start on the same data directory says so and exits 3', async () => {
    await start();
    const second = await runCommand(['start'], { LEDGER_DATA: `${folder.path}/data`, PORT: '0' });
    expect(second.code).toBe(3);
    expect(second.stderr).toContain(`${folder.path}/data`);
  });

  it('a port that is taken is said and exits 3, and leaves no server behind', async () => {
    const first = await start();
    const other = await runCommand(['start'], {
      LEDGER_DATA: `${folder.path}/other`,
      PORT: new URL(first.url).port,
    });
    expect(other.code).toBe(3);
    expect(other.stderr).toContain(new URL(first.url).port);
    expect(await serverOf(`${folder.path}/other`)).toBeNull();
  });

  it('recovers by itself after SIGKILL, the orphaned server included', async () => {
    const first = await start();
    const head = await record(first);
    await first.stop('SIGKILL');

    const second = await start();
    expect(await second.json<Head>('/v1/head')).toMatchObject(head);
    const report = await second.json<{ intact: boolean }>('/v1/verify?mode=full');
    expect(report.intact).toBe(true);
    expect(await second.stop('SIGTERM')).toBe(0);
    expect(await serverOf(`${folder.path}/data`)).toBeNull();
  });
});

/** The process id of the database server that runs for a data directory, wherever its cluster lies. */
async function serverOf(dataDirectory: string): Promise<number | null> {
  const place = await readPlaceDirectory(dataDirectory);
  return place === null ? null : await findPostmaster(join(place, 'cluster'));
}
