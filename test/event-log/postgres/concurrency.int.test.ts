/** Many writers at once, in one process and in several. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgresEventLog } from '../../../src/event-log/postgres/event-log.js';
import type { RecordedEvent } from '../../../src/ledger/types.js';
import { candidates, collect, subscribed } from '../../support/event-log.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../../support/ledger-database.js';

let database: LedgerDatabase;

beforeAll(async () => {
  database = await createLedgerDatabase();
});

afterAll(() => database.drop());

const PROGRAM = fileURLToPath(new URL('./writer-process.ts', import.meta.url));

/** @returns the exit code */
async function writeInAnotherProcess(
  writers: number,
  each: number,
  sources: readonly string[],
): Promise<unknown> {
  const parts = [database.apiUrl, String(writers), String(each), ...sources];
  const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, ...parts], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as unknown[];
  return code;
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
      return 0;
    }),
  ]);
  const seen: RecordedEvent[] = [];
  for await (const { events } of subscribed(here)) {
    seen.push(...events);
    if (seen.length >= total) break;
  }
  expect(new Set(await writing)).toEqual(new Set([0]));
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
  const log = openPostgresEventLog({ url: database.apiUrl });
  const start = Number(await log.newest());
  await Promise.all(candidates(200).map((given, n) => log.append(`together-${n % 7}`, [given])));
  await log.close();
  const { rows } = await asSuperuser(database, (client) =>
    client.query<{ count: number }>(
      'SELECT count(DISTINCT xmin::text)::integer AS count FROM event_log.event WHERE position > $1',
      [start],
    ),
  );
  expect(rows[0]?.count).toBeLessThanOrEqual(3);
});
