import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  eventually,
  runCommand,
  startLedger,
  temporaryFolder,
  type LedgerProcess,
} from '../support/ledger-process.js';

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
    expect(first.startupMs).toBeLessThan(10_000);
    const head = await record(first);
    const postgres = serversUnder(folder.path);
    expect(postgres.length).toBeGreaterThan(0);

    const stopping = performance.now();
    expect(await first.stop('SIGINT')).toBe(0);
    expect(performance.now() - stopping).toBeLessThan(5_000);
    expect(serversUnder(folder.path)).toEqual([]);

    const second = await start();
    expect(await second.json<Head>('/v1/head')).toMatchObject({ size: head.size, hash: head.hash });
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
    expect(serversUnder(`${folder.path}/other`)).toEqual([]);
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
    await eventually('no server is left', () => Promise.resolve(serversUnder(folder.path).length === 0));
  });
});

/** Command lines of running processes that name the folder: the database servers of a test. */
function serversUnder(path: string): readonly string[] {
  return execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(path) && line.includes('postgres'));
}
