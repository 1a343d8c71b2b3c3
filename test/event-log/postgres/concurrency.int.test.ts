/** Many writers at once, in one process and in several. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EventLog } from '../../../src/event-log/port.js';
import { STATEMENT } from '../../../src/event-log/postgres/append-call.js';
import { openPostgresEventLog } from '../../../src/event-log/postgres/event-log.js';
import { candidate, candidates, collect, firstOf, subscribed } from '../../support/event-log.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../../support/ledger-database.js';

let database: LedgerDatabase;

beforeAll(async () => {
  database = await createLedgerDatabase();
});

afterAll(() => database.drop());

const PROGRAM = fileURLToPath(new URL('./writer-process.ts', import.meta.url));

async function writeInAnotherProcess(
  writers: number,
  each: number,
  sources: readonly string[],
): Promise<void> {
  const parts = [database.apiUrl, String(writers), String(each), ...sources];
  const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, ...parts], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as unknown[];
  expect(code).toBe(0);
}

test('32 writers in three processes leave one order without gaps, which a subscriber sees as it grows', async () => {
  const [here, there] = [database.apiUrl, database.allUrl].map((url) => openPostgresEventLog({ url }));
  if (here === undefined || there === undefined) throw new Error('no log');
  const sources = ['a', 'b', 'c', 'd', 'e'];
  const total = 32 * 25;
  const writing = Promise.all([
    writeInAnotherProcess(8, 25, sources),
    writeInAnotherProcess(8, 25, sources),
    ...Array.from({ length: 16 }, async (_, writer) => {
      const source = sources[writer % sources.length] ?? '';
      for (const given of candidates(25)) await (writer < 8 ? here : there).append(source, [given]);
    }),
  ]);
  const [seen] = await Promise.all([firstOf(here, null, total), writing]);
  expect(seen.map(({ position }) => Number(position))).toEqual(
    Array.from({ length: total }, (_, n) => n + 1),
  );
  expect(new Set(seen.map(({ id }) => id)).size).toBe(total);
  for (const source of sources) {
    const stream = seen.filter((event) => event.source === source);
    expect(stream.map(({ revision }) => revision)).toEqual(stream.map((_, n) => n));
    expect(await collect(there.readSource(source))).toEqual(stream);
  }
  await Promise.all([here.close(), there.close()]);
});

test('what many callers append at once travels in few transactions', async () => {
  const transactions = await transactionsOf((log) =>
    Promise.all(candidates(200).map((given, n) => log.append(`together-${n % 7}`, [given]))),
  );
  expect(transactions).toBeLessThanOrEqual(3);
});

test('the server has the next statement before the one under way is over, where a whole one has gathered', async () => {
  const applicationName = 'gathering';
  const log = openPostgresEventLog({ url: database.apiUrl, applicationName });
  await log.append('two', candidates(1));
  const statements = (): Promise<number | null> =>
    asSuperuser(database, async (client) => {
      const { rowCount } = await client.query(
        `SELECT FROM pg_stat_activity WHERE application_name = $1 AND state = 'active' AND wait_event_type = 'Lock'`,
        [applicationName],
      );
      return rowCount;
    });
  await asSuperuser(database, async (client) => {
    await client.query('BEGIN; SELECT FROM event_log.counter FOR UPDATE');
    const appending = [log.append('two', candidates(1))];
    await expect.poll(statements).toBe(1);
    const less = Array.from({ length: STATEMENT.rows - 1 }, () => log.append('two', candidates(1)));
    await expectFor(200, statements, 1);
    const more = Array.from({ length: 2 * STATEMENT.rows }, () => log.append('two', candidates(1)));
    await expect.poll(statements).toBe(2);
    await client.query('COMMIT');
    const outcomes = (await Promise.all([...appending, ...less, ...more])).flat();
    const revisions = outcomes.map((outcome) => (outcome.status === 'appended' ? outcome.revision : NaN));
    // whichever of the two the server carried out first
    expect(revisions.sort((a, b) => a - b)).toEqual(outcomes.map((_, n) => n + 1));
  });
  await log.close();
});

test('what one caller appends travels in as many transactions as its bytes and number need', async () => {
  const large = Array.from({ length: 12 }, () => candidate({ data: Buffer.alloc(1_000_000) }));
  expect(await transactionsOf((log) => log.append('large', large))).toBe(2);
  expect(await transactionsOf((log) => log.append('many', candidates(STATEMENT.rows + 1)))).toBe(2);
});

test('what is read at once is bounded in bytes and number', async () => {
  const log = openPostgresEventLog({ url: database.apiUrl });
  const start = await log.newest();
  const large = Array.from({ length: 12 }, () => candidate({ data: Buffer.alloc(1_000_000) }));
  await log.append('pages', [...large, ...candidates(2_500)]);
  const sizes: (readonly [number, number])[] = [];
  for await (const { events, live } of subscribed(log, start)) {
    sizes.push([events.length, events.reduce((sum, { data }) => sum + data.length, 0)]);
    if (live) break;
  }
  await log.close();
  expect(Math.max(...sizes.map(([number]) => number))).toBeLessThanOrEqual(2_000);
  expect(Math.max(...sizes.map(([, bytes]) => bytes))).toBeLessThan(6_000_000);
});

async function transactionsOf(run: (log: EventLog) => Promise<unknown>): Promise<number | undefined> {
  const log = openPostgresEventLog({ url: database.apiUrl });
  const start = Number(await log.newest());
  await run(log);
  await log.close();
  const { rows } = await asSuperuser(database, (client) =>
    client.query<{ count: number }>(
      'SELECT count(DISTINCT xmin::text)::integer AS count FROM event_log.event WHERE position > $1',
      [start],
    ),
  );
  return rows[0]?.count;
}

/** It is so now, and stays so. */
async function expectFor<Value>(ms: number, ask: () => Promise<Value>, value: Value): Promise<void> {
  for (const end = performance.now() + ms; performance.now() < end;) expect(await ask()).toBe(value);
}
