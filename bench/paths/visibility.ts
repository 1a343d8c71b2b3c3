/**
 * From 202 to visible: how long after its answer an event shows in `GET /v1/events`, while `event-ledger start` takes
 * in half of what it can. Events that are looked for one after the other, among those of the load, are the measure.
 */
import type { LedgerProcess } from '../../test/support/ledger-process.js';
import type { Bench, Benchmark } from '../benchmark.js';
import { startEmbedded } from '../support/embedded-ledger.js';
import { sendLoad } from '../support/load.js';
import { startPacedLoad } from '../support/paced-load.js';
import { percentile, summarise } from '../support/statistics.js';

const CONNECTIONS = 64;
const MOST_MS = 150;
const SOURCE = 'bench-probe';

export const VISIBILITY: Benchmark = {
  name: 'visibility',
  async run(bench) {
    const ledger = await startEmbedded(bench);
    try {
      const most = await mostPerSecond(bench, ledger.process);
      const delays: number[][] = [];
      for (let round = 0; round < bench.rounds; round += 1) {
        delays.push(await delaysUnder(bench, ledger.process, most / 2));
      }
      return [
        {
          path: `from 202 to visible, p99, at half the maximal load (${Math.round(most / 2)}/s)`,
          unit: 'ms',
          subject: summarise(delays.map((each) => percentile(each, 0.99))),
          floor: null,
          ratio: null,
          target: bench.eventStoreUrl === null ? { subjectAtMost: MOST_MS } : null,
          details: { medianMs: percentile(delays.flat(), 0.5), probes: delays.flat().length },
        },
      ];
    } finally {
      await ledger.remove();
    }
  },
};

let next = 0;

function nextBody({ events }: Bench): string {
  return JSON.stringify(events.event(next++));
}

/** The best of a few measurements, the first of which warms up. */
async function mostPerSecond(bench: Bench, { url }: LedgerProcess): Promise<number> {
  let most = 0;
  for (let round = 0; round < 3; round += 1) {
    const bodies = Array.from({ length: bench.quick ? 3_200 : 9_600 }, () => nextBody(bench));
    const contentType = 'application/json';
    const load = { url: `${url}/v1/events`, contentType, bodies, connections: CONNECTIONS };
    most = Math.max(most, bodies.length / (await sendLoad(load)).seconds);
  }
  return most;
}

/** Milliseconds from 202 to the page that shows the event, one for each event that was looked for. */
async function delaysUnder(bench: Bench, ledger: LedgerProcess, perSecond: number): Promise<number[]> {
  const load = await startPacedLoad(`${ledger.url}/v1/events`, {
    connections: CONNECTIONS,
    perSecond,
    bodyOf: () => nextBody(bench),
  });
  const delays: number[] = [];
  const until = performance.now() + (bench.quick ? 4_000 : 12_000);
  while (performance.now() < until) delays.push(await delayOfOne(bench, ledger));
  await load.stop();
  return delays;
}

async function delayOfOne({ events }: Bench, ledger: LedgerProcess): Promise<number> {
  const body = JSON.stringify({ ...events.event(next++), source: SOURCE });
  const headers = { 'content-type': 'application/json' };
  const { eventId } = await ledger.json<{ eventId: string }>('/v1/events', { method: 'POST', body, headers });
  const taken = performance.now();
  for (;;) {
    const page = await ledger.json<{ events: { entry: { id: string } }[] }>(
      `/v1/events?source=${SOURCE}&limit=1`,
    );
    if (page.events[0]?.entry.id === eventId) return performance.now() - taken;
  }
}
