/** The projector catching up on a log that is far ahead of it: after an outage, an import, or in a rebuild. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { to as copyTo } from 'pg-copy-streams';
import { DEFAULT_LIMITS } from '../../src/projector/reading.js';
import { HEAD_CHANNEL } from '../../src/read-model/head-listener.js';
import { asSuperuser } from '../../test/support/database.js';
import { inTurn, type Bench, type Benchmark, type Result } from '../benchmark.js';
import { SIZES } from '../support/events.js';
import { createBenchLedger, fillLog, registerSchemas, type BenchLedger } from '../support/ledger.js';
import { summarise } from '../support/statistics.js';

interface Load {
  readonly what: string;
  /** bytes of payload */
  readonly size: number;
  readonly events: number;
  readonly target: Result['target'];
}

const TARGET = { atLeast: 0.7 } as const;

const LOADS: readonly Load[] = [
  { what: '1.3 KB', size: SIZES.usual, events: 300_000, target: TARGET },
  { what: '300 B', size: SIZES.small, events: 300_000, target: null },
  { what: '20 KB', size: SIZES.large, events: 30_000, target: null },
];

const QUICK: readonly Load[] = [{ what: '1.3 KB', size: SIZES.usual, events: 40_000, target: TARGET }];

export const CATCH_UP: Benchmark = {
  name: 'catch-up',
  async run(bench) {
    const results: Result[] = [];
    const side = bench.eventStoreUrl === null ? measure : measureAlone;
    for (const load of bench.quick ? QUICK : LOADS) results.push(await side(bench, load));
    return results;
  },
};

async function measure(bench: Bench, { what, size, events, target }: Load): Promise<Result> {
  const ledger = await createBenchLedger(bench);
  const folder = await mkdtemp(join(tmpdir(), 'bench-catch-up-'));
  try {
    await registerSchemas(ledger);
    const end = await fillLog(ledger.database, bench, { to: events, size });
    // as after a while: nothing is left to do for the log's rows that one side would find done by the other
    await asSuperuser(ledger.database, (client) => client.query('VACUUM (ANALYZE) event_log.event'));
    await ledger.keep();
    await catchUp(ledger, end);
    await writeFinishedBatches(ledger, folder);
    const sides = {
      floor: async () => {
        await ledger.restore();
        return runFloor(ledger, folder);
      },
      subject: async () => {
        await ledger.restore();
        return catchUp(ledger, end);
      },
    };
    const path = `projector catching up, ${what} payloads`;
    return { path, unit: 'events/s', ...(await inTurn(bench.rounds, sides)), target };
  } finally {
    await rm(folder, { recursive: true, force: true });
    await ledger.remove();
  }
}

/** On a log in EventStoreDB, of everything that it holds: once, because it cannot be put back to what it was. */
async function measureAlone(bench: Bench, { what, size, events }: Load): Promise<Result> {
  const ledger = await createBenchLedger(bench);
  try {
    const end = await fillLog(ledger.database, bench, { to: events, size });
    const subject = summarise([await catchUp(ledger, end)]);
    const path = `projector catching up from EventStoreDB, ${what} payloads`;
    return { path, unit: 'events/s', subject, floor: null, ratio: null, target: null };
  } finally {
    await ledger.remove();
  }
}

/** What is said may be lost; then the head is looked at after so long. */
const LOST_MS = 1_000;

/**
 * The projector that users start.
 * @param end the position of the newest event
 * @returns events a second, from the first batch that was committed to the last
 */
async function catchUp(ledger: BenchLedger, end: string | null): Promise<number> {
  return asSuperuser(ledger.database, async (client) => {
    // the head is looked at when the projector says that it has moved: asking all the time would take of its cores
    await client.query(`LISTEN ${HEAD_CHANNEL}`);
    const moving = (): Promise<unknown> =>
      once(client, 'notification', { signal: AbortSignal.timeout(LOST_MS) }).catch(() => undefined);
    const headWhen = async (reached: (head: Head) => boolean): Promise<number> => {
      for (;;) {
        const moved = moving();
        const { rows } = await client.query<Head>('SELECT size, position FROM ledger.head');
        if (rows[0] !== undefined && reached(rows[0])) return Number(rows[0].size);
        await moved;
      }
    };
    const starting = ledger.start('projector');
    const first = await headWhen(({ size }) => size !== '0');
    const began = performance.now();
    const last = await headWhen(({ position }) => position === end);
    const seconds = (performance.now() - began) / 1_000;
    await (await starting).stop();
    return (last - first) / seconds;
  });
}

interface Head {
  readonly size: string;
  readonly position: string | null;
}

/** The rows of a finished ledger in the batches that the projector makes of them, a file of COPY's form for each. */
async function writeFinishedBatches({ database }: BenchLedger, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await asSuperuser(database, async (client) => {
    const { rows } = await client.query<{ bytes: number }>(
      'SELECT octet_length(data) + octet_length(metadata) AS bytes FROM ledger.entry ORDER BY index',
    );
    let from = 0;
    for (const [n, entries] of batchSizes(rows.map(({ bytes }) => bytes)).entries()) {
      const query = `SELECT * FROM ledger.entry WHERE index >= ${from} AND index < ${from + entries} ORDER BY index`;
      const file = join(folder, `${String(n).padStart(6, '0')}-${entries}`);
      const copied = client.query(copyTo(`COPY (${query}) TO STDOUT (FORMAT binary)`));
      await pipeline(copied, createWriteStream(file));
      from += entries;
    }
  });
}

function batchSizes(sizes: readonly number[]): readonly number[] {
  const batches: number[] = [];
  let entries = 0;
  let bytes = 0;
  for (const size of sizes) {
    if (entries === DEFAULT_LIMITS.events || (entries > 0 && bytes + size > DEFAULT_LIMITS.bytes)) {
      batches.push(entries);
      entries = bytes = 0;
    }
    entries += 1;
    bytes += size;
  }
  return [...batches, entries];
}

async function runFloor({ database }: BenchLedger, folder: string): Promise<number> {
  const program = new URL('../floors/catch-up.ts', import.meta.url).pathname;
  const { projectorUrl, superuserUrl } = database;
  const args = ['--import', 'tsx', program, projectorUrl, superuserUrl, folder];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout);
}
