import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEventStoreDouble, type EventStoreDouble } from '../eventstore-double/eventstore-double.js';
import { makeTrouble } from '../support/eventstore-trouble.js';
import { createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { eventually, runCommand, startLedger, type LedgerProcess } from '../support/ledger-process.js';
import { startServer, type TestServer } from '../support/postgres.js';

const WRITERS = 16;
const SOURCES = ['hot', 'orders', 'billing', 'accounts'];
/** The door: 3 s for the ledger, appends and their repetitions for 10 s each, and the last attempt. */
const LONGEST_MS = 3_000 + 3 * 10_000 + 5_000;

interface Reported {
  readonly id: string;
  readonly source: string;
}

interface Result {
  readonly status: number;
}

interface Entry extends Reported {
  readonly index: number;
  readonly verdict: string;
}

describe('20,000 events reported while EventStoreDB fails in every way', () => {
  let double: EventStoreDouble;
  let server: TestServer;
  let database: LedgerDatabase;
  let apis: readonly LedgerProcess[];
  let projector: LedgerProcess;
  let longestMs = 0;

  beforeAll(async () => {
    double = await startEventStoreDouble();
    server = await startServer({ durable: true });
    database = await createLedgerDatabase(server.superuserUrl);
    const settings = { EVENTSTORE_URL: double.url, LOG_LEVEL: 'error' };
    apis = await Promise.all(
      [1, 2].map(() => startLedger({ ...settings, LOG_LEVEL: 'info', DATABASE_URL: database.apiUrl }, 'api')),
    );
    projector = await startLedger(
      { ...settings, LOG_LEVEL: 'info', DATABASE_URL: database.projectorUrl },
      'projector',
    );
  });

  afterAll(async () => {
    await Promise.all([...apis, projector].map((each) => each.stop()));
    await double.stop();
    await server.remove();
  });

  /** @returns the status of each event; none when the request as a whole failed */
  async function post(events: readonly Reported[]): Promise<readonly number[]> {
    const api = apis[randomInt(apis.length)];
    const body = JSON.stringify(events.map((event) => ({ ...event, type: 't', payload: { id: event.id } })));
    const began = performance.now();
    const response = await api?.request('/v1/events', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(LONGEST_MS),
    });
    longestMs = Math.max(longestMs, performance.now() - began);
    const { results = [] } = (await response?.json()) as { results?: readonly Result[] };
    return results.map(({ status }) => status);
  }

  /** Reports events until every one is acknowledged, some of them twice at once, some again afterwards. */
  async function write(count: number, acknowledged: Reported[]): Promise<void> {
    let left = count;
    while (left > 0) {
      const source = SOURCES[randomInt(SOURCES.length)] ?? '';
      const given = Array.from({ length: Math.min(left, randomInt(4) === 0 ? 1 : randomInt(1, 60)) }, () => ({
        id: randomUUID(),
        source,
      }));
      left -= given.length;
      let open: readonly Reported[] = given;
      while (open.length > 0) {
        const sending = open;
        const attempts = await Promise.all(
          randomInt(8) === 0 ? [post(sending), post(sending)] : [post(sending)],
        );
        for (const statuses of attempts) {
          for (const status of statuses) expect([200, 202, 503]).toContain(status);
        }
        open = sending.filter((_, n) => !attempts.some((statuses) => isTaken(statuses[n])));
      }
      acknowledged.push(...given);
      if (randomInt(8) === 0) {
        for (const status of await post(given)) expect([200, 503]).toContain(status);
      }
    }
  }

  async function writeAll(total: number): Promise<readonly Reported[]> {
    const acknowledged: Reported[] = [];
    await Promise.all(Array.from({ length: WRITERS }, () => write(total / WRITERS, acknowledged)));
    return acknowledged;
  }

  /** Every entry of clients, once the ledger has all that the log has. */
  async function ledger(): Promise<readonly Entry[]> {
    const [api] = apis;
    await eventually(
      'the ledger to have all that the log has',
      async () => {
        const events = double.log.records.filter(
          ({ stream, visible }) => visible && stream.startsWith('ledger-'),
        );
        return (await api?.json<{ size: number }>('/v1/head'))?.size === events.length;
      },
      60_000,
    );
    const text = (await (await api?.request('/v1/export'))?.text()) ?? '';
    return text
      .trimEnd()
      .split('\n')
      .flatMap((line) => (JSON.parse(line) as { entry?: Entry }).entry ?? [])
      .filter(({ source }) => !source.startsWith('_'));
  }

  function expectOnce(entries: readonly Entry[], acknowledged: readonly Reported[]): void {
    const accepted = new Map<string, number>();
    for (const { id, verdict } of entries) {
      if (verdict === 'accepted') accepted.set(id, (accepted.get(id) ?? 0) + 1);
    }
    expect(acknowledged.filter(({ id }) => accepted.get(id) !== 1)).toEqual([]);
    expect(entries.filter(({ verdict }) => verdict === 'rejected')).toEqual([]);
  }

  it('are one accepted entry each, without a duplicate, while the ledger can be asked', async () => {
    const written = new AbortController();
    const trouble = makeTrouble(double, written.signal);
    const acknowledged = await writeAll(16_000);
    written.abort();
    const done = await trouble;
    const entries = await ledger();
    expect(acknowledged).toHaveLength(16_000);
    expectOnce(entries, acknowledged);
    expect(entries.filter(({ verdict }) => verdict === 'duplicate')).toEqual([]);
    expect(longestMs, done.join('\n')).toBeLessThan(LONGEST_MS);
  });

  it('are one accepted entry each while it cannot, and a duplicate names what stands before it', async () => {
    const written = new AbortController();
    const trouble = makeTrouble(double, written.signal);
    const outages = breakLedger(written.signal);
    const acknowledged = await writeAll(4_000);
    written.abort();
    await Promise.all([trouble, outages]);
    const entries = await ledger();
    expectOnce(entries, acknowledged);
    const seen = new Set<string>();
    for (const { id, source, verdict } of entries) {
      const identity = `${source} ${id}`;
      expect(seen.has(identity)).toBe(verdict === 'duplicate');
      seen.add(identity);
    }
    expect(longestMs).toBeLessThan(LONGEST_MS);
  });

  it('leave an intact ledger, and processes that never stumbled over themselves', async () => {
    const [api] = apis;
    const { stdout } = await runCommand(['verify', '--json'], { LEDGER_URL: api?.url ?? '' });
    expect(JSON.parse(stdout)).toMatchObject({ intact: true, findingsTotal: 0 });
    const lines = [...apis, projector].flatMap(({ log }) => log);
    // "projecting failed; it is tried again" is what an operator should see of all this, and no more
    expect(
      lines.filter((line) => /unhandled|uncaught|"internal"|log-diverged|"level":60/i.test(line)),
    ).toEqual([]);
    for (const { pid } of [...apis, projector]) expect(process.kill(pid, 0)).toBe(true);
  });

  /** PostgreSQL dies and comes back, twice at least. */
  async function breakLedger(stop: AbortSignal): Promise<void> {
    for (let outage = 0; outage < 2 || !stop.aborted; outage += 1) {
      await server.kill();
      await delay(randomInt(500, 3_000));
      await server.start();
      await delay(randomInt(500, 2_000));
    }
  }
});

function isTaken(status: number | undefined): boolean {
  return status === 200 || status === 202;
}
