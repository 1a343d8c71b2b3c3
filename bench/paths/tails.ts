/**
 * What live tails cost while the ledger grows: CPU of the API and of its sessions in the database, for one tail, for ten and
 * for a hundred. Entries are committed at a steady pace by the hand that measures, so that nobody else asks the database.
 */
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Leadership } from '../../src/read-model/port.js';
import type { Json } from '../../src/ledger/types.js';
import { asSuperuser } from '../../test/support/database.js';
import { batchOf, leading } from '../../test/support/ledger-filler.js';
import type { LedgerProcess } from '../../test/support/ledger-process.js';
import type { Bench, Benchmark, Result } from '../benchmark.js';
import { createBenchLedger, registerSchemas, type BenchLedger } from '../support/ledger.js';
import { AUTHORIZATION } from '../support/load.js';
import { summarise } from '../support/statistics.js';

const TAILS = [1, 10, 100] as const;

/** A third of the tails has each. */
const QUERIES = ['', '?source=service-3', '?payload.readOnly=true&payload.awsRegion=eu-west-1'];

const COMMITS_A_SECOND = 20;
const ENTRIES_A_COMMIT = 25;

/** In ms of CPU a second. */
interface Cost {
  readonly api: number;
  readonly sessions: number;
}

export const TAIL_COST: Benchmark = {
  name: 'tails',
  async run(bench) {
    const ledger = await createBenchLedger(bench);
    try {
      await registerSchemas(ledger);
      const api = await ledger.start('api');
      const costs = new Map<number, Cost[]>([0, ...TAILS].map((count) => [count, []]));
      await leading(ledger.database.projectorUrl, async (leadership) => {
        for (let round = 0; round < bench.rounds; round += 1) {
          for (const [count, all] of costs) all.push(await costOf(bench, { ledger, api, leadership }, count));
        }
      });
      await api.stop();
      return results(costs);
    } finally {
      await ledger.remove();
    }
  },
};

function results(costs: ReadonlyMap<number, readonly Cost[]>): readonly Result[] {
  const pace = `${COMMITS_A_SECOND * ENTRIES_A_COMMIT} entries/s`;
  return TAILS.map((count) => {
    const [subject, floor] = [beyondNone(costs, count), beyondNone(costs, 1)];
    const compared = {
      floor: summarise(floor),
      ratio: summarise(subject.map((each, round) => each / (floor[round] ?? NaN))),
      target: count === 100 ? ({ atMost: 5 } as const) : null,
    };
    return {
      path: `CPU for ${count === 1 ? 'one tail' : `${count} tails, against one`}, ${pace}`,
      unit: 'ms/s',
      subject: summarise(subject),
      ...(count === 1 ? { floor: null, ratio: null, target: null } : compared),
      details: { ofSessions: summarise((costs.get(count) ?? []).map(({ sessions }) => sessions)).median },
    };
  });
}

/** What so many tails take, beyond what the API takes without any. */
function beyondNone(costs: ReadonlyMap<number, readonly Cost[]>, count: number): readonly number[] {
  const total = ({ api, sessions }: Cost): number => api + sessions;
  const [none = [], all = []] = [costs.get(0), costs.get(count)];
  return all.map((cost, round) => total(cost) - total(none[round] ?? cost));
}

interface Parts {
  readonly ledger: BenchLedger;
  readonly api: LedgerProcess;
  readonly leadership: Leadership;
}

/** @param count of tails */
async function costOf(bench: Bench, parts: Parts, count: number): Promise<Cost> {
  const { api } = parts;
  const tails = await Promise.all(
    Array.from({ length: count }, (_, n) => openTail(api.url, QUERIES[n % QUERIES.length] ?? '')),
  );
  try {
    // everybody is awake
    await commitFor(bench, parts, 500);
    const before = await lookAt(parts);
    const milliseconds = bench.quick ? 2_000 : 8_000;
    await commitFor(bench, parts, milliseconds);
    const after = await lookAt(parts);
    if (tails.some((tail) => !tail.isOpen())) throw new Error('a tail has ended');
    const aSecond = (figure: keyof Cost): number => (after[figure] - before[figure]) / (milliseconds / 1_000);
    return { api: aSecond('api'), sessions: aSecond('sessions') };
  } finally {
    for (const tail of tails) tail.leave();
  }
}

interface Tail {
  isOpen(): boolean;
  leave(): void;
}

/** One that takes everything as it comes, and looks at nothing. */
function openTail(url: string, query: string): Promise<Tail> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: AUTHORIZATION };
    const asked = request(`${url}/v1/events/stream${query}`, { headers, agent: false });
    asked.on('error', reject).on('response', (response) => {
      if (response.statusCode !== 200) reject(new Error(`a tail was answered ${response.statusCode ?? 0}`));
      response.on('error', () => undefined).resume();
      resolve({
        isOpen: () => !response.complete && !response.destroyed,
        leave: () => response.destroy(),
      });
    });
    asked.end();
  });
}

/** No two events are the same, whatever the ledger. */
let next = 0;

async function commitFor(bench: Bench, { leadership }: Parts, milliseconds: number): Promise<void> {
  for (let left = (milliseconds / 1_000) * COMMITS_A_SECOND; left > 0; left -= 1) {
    const tick = delay(1_000 / COMMITS_A_SECOND);
    const drafts = Array.from({ length: ENTRIES_A_COMMIT }, () => {
      const { source, type, payload } = bench.events.event(next++);
      return { source, type, payload: payload as Json };
    });
    await leadership.commit(await batchOf(leadership, drafts));
    await tick;
  }
}

/** Since the beginning, in ms. */
async function lookAt({ ledger, api }: Parts): Promise<Cost> {
  const pids = await asSuperuser(ledger.database, async (client) => {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE usename = $1 AND application_name LIKE 'event-ledger %'`,
      [new URL(ledger.database.apiUrl).username],
    );
    return rows.map(({ pid }) => pid);
  });
  const sessions = await Promise.all(pids.map(cpuOf));
  return { api: await cpuOf(api.pid), sessions: sessions.reduce((sum, each) => sum + each, 0) };
}

const TICKS_A_SECOND = 100;

/** CPU that a process has taken, in ms, as Linux counts it; NaN elsewhere. */
async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return ((Number(user) + Number(system)) * 1_000) / TICKS_A_SECOND;
}
