/**
 * Taking events in: `POST /v1/events` over 64 connections, single events and batches, each durable before its answer.
 * The floor answers the same requests from the same Fastify and does nothing else, or, for batches, copies their bytes
 * into a table before it answers.
 */
import { asSuperuser } from '../../test/support/database.js';
import type { LedgerProcess } from '../../test/support/ledger-process.js';
import { inTurn, type Bench, type Benchmark, type Result, type Side, type Target } from '../benchmark.js';
import { SIZES, type EventDraft } from '../support/events.js';
import { startFloor, type FloorProcess } from '../support/floor-process.js';
import { createBenchLedger, type BenchLedger } from '../support/ledger.js';
import { sendLoad } from '../support/load.js';
import { startEmbedded } from '../support/embedded-ledger.js';

const CONNECTIONS = 64;
const BATCH = 100;

/** One row of the table: what is sent, to what, and what it is to reach. */
interface Row {
  readonly path: string;
  readonly events: number;
  readonly size?: number;
  readonly batch?: number;
  /** the client brings an id, which has to be looked for */
  readonly ids?: true;
  readonly target: Target | null;
}

const ROWS: Readonly<Record<'alone' | 'started', readonly Row[]>> = {
  alone: [
    { path: 'single events, projector stopped', events: 20_000, target: { atLeast: 0.3 } },
    {
      path: 'batches of 100 (NDJSON), projector stopped',
      events: 80_000,
      batch: BATCH,
      target: { atLeast: 0.45 },
    },
    { path: 'single events of 300 B, projector stopped', events: 20_000, size: SIZES.small, target: null },
    { path: 'single events of 20 KB, projector stopped', events: 6_400, size: SIZES.large, target: null },
    { path: 'single events with ids, projector stopped', events: 12_800, ids: true, target: null },
  ],
  started: [{ path: 'single events, everything in one process', events: 20_000, target: { atLeast: 0.2 } }],
};

export const INGEST: Benchmark = {
  name: 'ingest',
  async run(bench) {
    return [...(await alone(bench)), ...(await started(bench))];
  },
};

/** The API as production runs it; the projector of the same ledger is not running. */
async function alone(bench: Bench): Promise<Result[]> {
  const ledger = await createBenchLedger(bench);
  try {
    const api = await ledger.start('api');
    try {
      const results: Result[] = [];
      for (const row of rowsFor(bench, 'alone')) results.push(await measure(bench, row, api, ledger));
      return results;
    } finally {
      await api.stop();
    }
  } finally {
    await ledger.remove();
  }
}

/**
 * `event-ledger start` in an empty folder: API, projector and PostgreSQL as users have them. One for each measurement, so
 * that none does anything while the floor is measured.
 */
async function started(bench: Bench): Promise<Result[]> {
  const results: Result[] = [];
  for (const row of rowsFor(bench, 'started')) {
    const floor = await startFloorOf(row, null);
    try {
      const sides = {
        floor: sideOf(bench, row, floor.url),
        subject: async () => {
          const embedded = await startEmbedded(bench);
          try {
            const side = sideOf(bench, row, embedded.process.url);
            await side();
            return await side();
          } finally {
            await embedded.remove();
          }
        },
      };
      await sides.floor();
      results.push(resultOf(bench, row, await inTurn(bench.rounds, sides)));
    } finally {
      await floor.stop();
    }
  }
  return results;
}

function rowsFor(bench: Bench, kind: 'alone' | 'started'): readonly Row[] {
  return bench.quick ? ROWS[kind].filter(({ target }) => target !== null) : ROWS[kind];
}

async function measure(
  bench: Bench,
  row: Row,
  subject: LedgerProcess,
  ledger: BenchLedger | null,
): Promise<Result> {
  const floor = await startFloorOf(row, ledger);
  try {
    const sides = { subject: sideOf(bench, row, subject.url), floor: sideOf(bench, row, floor.url) };
    // both are compiled by the time that it counts
    await sides.floor();
    await sides.subject();
    return resultOf(bench, row, await inTurn(bench.rounds, sides));
  } finally {
    await floor.stop();
  }
}

/** Events a second. */
function sideOf(bench: Bench, row: Row, url: string): Side {
  const requests = requestsOf(bench, row);
  return async () => {
    const { seconds } = await sendLoad({ url: `${url}/v1/events`, connections: CONNECTIONS, ...requests() });
    return eventsOf(bench, row) / seconds;
  };
}

function resultOf(bench: Bench, { path, target }: Row, figures: Awaited<ReturnType<typeof inTurn>>): Result {
  return {
    path: `POST /v1/events: ${path}`,
    unit: 'events/s',
    ...figures,
    target: bench.eventStoreUrl === null ? target : null,
  };
}

async function startFloorOf({ batch }: Row, ledger: BenchLedger | null): Promise<FloorProcess> {
  if (batch === undefined || ledger === null) return startFloor('answering', 'single');
  await asSuperuser(ledger.database, (client) =>
    client.query('CREATE TABLE IF NOT EXISTS public.bench_floor (bytes bytea)'),
  );
  return startFloor('answering', 'copy', ledger.database.superuserUrl);
}

function eventsOf({ quick }: Bench, { events }: Row): number {
  return quick ? events / 2 : events;
}

let next = 0;

/** Makes the bodies of one measurement: no event comes twice. */
function requestsOf(bench: Bench, row: Row): () => { contentType: string; bodies: readonly string[] } {
  const { size, batch = 1, ids } = row;
  return () => {
    const events: string[] = [];
    for (let left = eventsOf(bench, row); left > 0; left -= 1) {
      const draft: EventDraft & { id?: string } = { ...bench.events.event(next, size) };
      if (ids) draft.id = `bench-${next}`;
      events.push(JSON.stringify(draft));
      next += 1;
    }
    if (batch === 1) return { contentType: 'application/json', bodies: events };
    const bodies: string[] = [];
    for (let from = 0; from < events.length; from += batch) {
      bodies.push(`${events.slice(from, from + batch).join('\n')}\n`);
    }
    return { contentType: 'application/x-ndjson', bodies };
  };
}
