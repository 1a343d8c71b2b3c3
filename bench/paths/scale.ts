/** What an append, a look-up and a page cost when the ledger is large, beside what they cost when it is small. */
import type { LedgerProcess } from '../../test/support/ledger-process.js';
import type { Bench, Benchmark, Result } from '../benchmark.js';
import { openCaller, type Caller } from '../support/caller.js';
import { percentile, summarise } from '../support/statistics.js';

const SCALES = {
  full: { few: 20_000, many: 1_000_000, requests: 300 },
  quick: { few: 3_000, many: 30_000, requests: 100 },
} as const;

/** Before what counts: connections are opened, statements prepared, code compiled. */
const WARM_UP = 50;

export const SCALE: Benchmark = {
  name: 'scale',
  async run(bench) {
    const { few, many, requests } = SCALES[bench.quick ? 'quick' : 'full'];
    const sides: Side[] = [];
    try {
      for (const entries of [few, many]) sides.push(await openSide(bench, entries));
      const results: Result[] = [];
      for (const [what, ask] of QUESTIONS) {
        await timesOf(bench, sides, ask, WARM_UP);
        const rounds: (readonly number[])[] = [];
        for (let n = 0; n < bench.rounds; n += 1) rounds.push(await timesOf(bench, sides, ask, requests));
        results.push(resultOf(`${what}, ${inThousands(many)} entries against ${inThousands(few)}`, rounds));
      }
      return results;
    } finally {
      for (const { caller, api } of sides) {
        caller.close();
        await api.stop();
      }
    }
  },
};

/** @param rounds medians, of the small ledger and of the large one */
function resultOf(path: string, rounds: readonly (readonly number[])[]): Result {
  const small = rounds.map(([median = NaN]) => median);
  const large = rounds.map(([, median = NaN]) => median);
  return {
    path,
    unit: 'ms',
    subject: summarise(large),
    floor: summarise(small),
    ratio: summarise(large.map((median, n) => median / (small[n] ?? NaN))),
    target: { atMost: 1.5 },
  };
}

interface Side {
  readonly entries: number;
  readonly api: LedgerProcess;
  readonly caller: Caller;
}

async function openSide(bench: Bench, entries: number): Promise<Side> {
  const ledger = await bench.ledgers.of(entries);
  const api = await ledger.start('api');
  return { entries, api, caller: openCaller(api.url) };
}

/** Ask both in turn, one request after the other. @returns each one's median in milliseconds */
async function timesOf(
  bench: Bench,
  sides: readonly Side[],
  ask: Ask,
  count: number,
): Promise<readonly number[]> {
  const times = sides.map((): number[] => []);
  for (let n = 0; n < count; n += 1) {
    for (const [at, side] of sides.entries()) times[at]?.push(await ask(side, placeIn(side, n), bench));
  }
  return times.map((each) => percentile(each, 0.5));
}

/** Anywhere in the ledger, and nowhere twice. */
function placeIn({ entries }: Side, n: number): number {
  return Math.floor(((n * 0.618_033_988_749_895) % 1) * entries);
}

/** One request about the entry at a place. @returns milliseconds */
type Ask = (side: Side, index: number, bench: Bench) => Promise<number>;

const QUESTIONS: readonly (readonly [what: string, ask: Ask])[] = [
  [
    'append',
    ({ caller }, index, { events }) => timed(caller.post('/v1/events', JSON.stringify(events.event(index)))),
  ],
  ['entry by index', ({ caller }, index) => timed(caller.get(`/v1/entries/${index}`))],
  [
    'event by id',
    async ({ caller }, index) => {
      const { body } = await caller.get(`/v1/entries/${index}`);
      const { entry } = JSON.parse(body) as { entry: { id: string; source: string } };
      // at another place than the one that was just read
      return timed(caller.get(`/v1/events/${entry.id}?source=${encodeURIComponent(entry.source)}`));
    },
  ],
  ['page of 50', ({ caller }, index) => timed(caller.get(`/v1/events?internal=true&toIndex=${index + 50}`))],
];

async function timed(answer: ReturnType<Caller['get']>): Promise<number> {
  const { status, body, milliseconds } = await answer;
  if (status >= 300) throw new Error(`${status} ${body}`);
  return milliseconds;
}

function inThousands(count: number): string {
  return count.toLocaleString('en');
}
