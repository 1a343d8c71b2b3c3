/**
 * What filling the payload index costs the commits that it stands back for: bursts of events that arrive while it is being
 * filled, beside bursts that arrive when it has caught up.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { appendRows } from '../../src/event-log/postgres/append-rows.js';
import { inTurn, type Bench, type Benchmark, type Result } from '../benchmark.js';
import {
  candidateOf,
  createBenchLedger,
  fillLog,
  registerSchemas,
  segmentsOf,
  sizeOf,
  type BenchLedger,
} from '../support/ledger.js';
import { eventually } from '../../test/support/ledger-process.js';

const SEGMENT = 1_024;

/** Entries that wait to be indexed when the bursts begin: more than is indexed until the last has been committed. */
const WAITING = 80_000;
const BURST = 8_000;

/** The projector begins to index a quarter of a second after the log came to its end. */
const UNTIL_FILLING_MS = 400;

export const PAYLOAD_INDEX: Benchmark = {
  name: 'payload-index',
  async run(bench) {
    const ledger = await createBenchLedger(bench);
    try {
      await registerSchemas(ledger);
      await fillLog(ledger.database, bench, { to: WAITING });
      const projector = await ledger.start('projector');
      const result = await measure(bench, ledger);
      await projector.stop();
      return [result];
    } finally {
      await ledger.remove();
    }
  },
};

/** All bursts with the filling first, because there is most to fill in the beginning. */
async function measure(bench: Bench, ledger: BenchLedger): Promise<Result> {
  const rounds = bench.rounds;
  const burst = burstsFrom(bench, ledger, WAITING);
  await committed(ledger);
  const filling: number[] = [];
  const idle: number[] = [];
  while (filling.length < rounds) {
    await delay(UNTIL_FILLING_MS);
    const rate = await burst();
    if (await isCaughtUp(ledger))
      throw new Error('the payload index had caught up before the bursts were over');
    filling.push(rate);
  }
  while (idle.length < rounds) {
    await eventually('the payload index to catch up', () => isCaughtUp(ledger), 120_000);
    await delay(UNTIL_FILLING_MS);
    idle.push(await burst());
  }
  const next = (rates: number[]) => () => Promise.resolve(rates.shift() ?? NaN);
  const sides = await inTurn(rounds, { subject: next(filling), floor: next(idle) });
  return {
    path: 'commits while the payload index is filled between them',
    unit: 'events/s',
    ...sides,
    target: { atLeast: 0.9 },
  };
}

/** Each appends events as one transaction, and gives how many a second were committed from then on. */
function burstsFrom(bench: Bench, ledger: BenchLedger, from: number): () => Promise<number> {
  let n = from;
  return async () => {
    const rows = Array.from({ length: BURST }, () => {
      const draft = bench.events.event(n);
      const candidate = candidateOf(n, draft);
      n += 1;
      return { source: Buffer.from(draft.source), type: Buffer.from(draft.type), candidate };
    });
    const client = new pg.Client({ connectionString: ledger.database.apiUrl });
    await client.connect();
    try {
      await appendRows(client, rows);
      const began = performance.now();
      await committed(ledger);
      return BURST / ((performance.now() - began) / 1_000);
    } finally {
      await client.end();
    }
  };
}

/** Resolves when the ledger has all that the log has. */
async function committed({ database }: BenchLedger): Promise<void> {
  const client = new pg.Client({ connectionString: database.superuserUrl });
  await client.connect();
  const query = `SELECT size = (SELECT position FROM event_log.counter) AS over FROM ledger.head`;
  try {
    while ((await client.query<{ over: boolean }>(query)).rows[0]?.over !== true) await delay(2);
  } finally {
    await client.end();
  }
}

async function isCaughtUp({ database }: BenchLedger): Promise<boolean> {
  return (await segmentsOf(database)) >= Math.floor((await sizeOf(database)) / SEGMENT);
}
