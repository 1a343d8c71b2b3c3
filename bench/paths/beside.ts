/**
 * What is left of taking events in while somebody verifies the ledger, and while somebody exports it, over and over: beside the
 * same process that is left in peace. Events go to the log alone, so that the ledger stays as it is.
 */
import type { LedgerProcess } from '../../test/support/ledger-process.js';
import { inTurn, type Bench, type Benchmark, type Result } from '../benchmark.js';
import { sendLoad } from '../support/load.js';
import { receiveAll } from '../support/receive-all.js';

const ENTRIES = 300_000;
const QUICK_ENTRIES = 30_000;
const EVENTS = 10_000;
const CONNECTIONS = 64;

const READERS = {
  verified: '/v1/verify?mode=full',
  exported: '/v1/export',
} as const;

export const BESIDE: Benchmark = {
  name: 'beside',
  async run(bench) {
    const ledger = await bench.ledgers.of(bench.quick ? QUICK_ENTRIES : ENTRIES);
    const api = await ledger.start('api');
    try {
      const alone = (): Promise<number> => eventsASecond(bench, api);
      await alone();
      const results: Result[] = [];
      for (const [what, path] of Object.entries(READERS)) {
        const measured = await inTurn(bench.rounds, {
          subject: () => whileReading(api, path, alone),
          floor: alone,
        });
        results.push({
          path: `POST /v1/events: single events while the ledger is ${what}`,
          unit: 'events/s',
          ...measured,
          target: null,
        });
      }
      return results;
    } finally {
      await api.stop();
    }
  },
};

let next = 0;

async function eventsASecond(bench: Bench, api: LedgerProcess): Promise<number> {
  const events = bench.quick ? EVENTS / 2 : EVENTS;
  const bodies = Array.from({ length: events }, () => JSON.stringify(bench.events.event(next++)));
  const { seconds } = await sendLoad({
    ...{ url: `${api.url}/v1/events`, connections: CONNECTIONS },
    ...{ contentType: 'application/json', bodies },
  });
  return events / seconds;
}

/** Reading has begun when the work does, and goes on until it ends. */
async function whileReading<Result>(
  api: LedgerProcess,
  path: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const over = new AbortController();
  const reading = (async (): Promise<void> => {
    while (!over.signal.aborted) await receiveAll(api, path, over.signal);
  })().catch((error: unknown) => {
    if (!over.signal.aborted) throw error;
  });
  try {
    return await Promise.race([
      work(),
      reading.then(() => Promise.reject(new Error('nobody reads any more'))),
    ]);
  } finally {
    over.abort();
    await reading.catch(() => undefined);
  }
}
