/** The first page of a query, whatever it filters by. */
import type { Bench, Benchmark, Result } from '../benchmark.js';
import { openCaller, type Caller } from '../support/caller.js';
import { startFloor } from '../support/floor-process.js';
import { FITTING_NOTHING, filtersOf, pathOf, type Filter, type Filters } from '../support/sampled-filters.js';
import { percentile, summarise } from '../support/statistics.js';

/** Few requests have no 99th percentile: theirs would be whatever else the machine did once. */
const SCALES = {
  full: { entries: 300_000, requests: 200, percentile: 99 },
  quick: { entries: 30_000, requests: 40, percentile: 90 },
} as const;

type Scale = (typeof SCALES)[keyof typeof SCALES];

/** Of each kind, before what counts. */
const WARM_UP = 20;

/** A filter that alone matches no more than this bounds what a combination with it costs. */
const FEW = 1_000;

export const FILTERS: Benchmark = {
  name: 'filters',
  async run(bench) {
    const scale = SCALES[bench.quick ? 'quick' : 'full'];
    const ledger = await bench.ledgers.of(scale.entries);
    const api = await ledger.start('api');
    const floor = await startFloor('page', ledger.database.readerUrl);
    const callers = { api: openCaller(api.url), floor: openCaller(floor.url) };
    try {
      return [await measure(bench, callers, scale)];
    } finally {
      callers.api.close();
      callers.floor.close();
      await floor.stop();
      await api.stop();
    }
  },
};

interface Callers {
  readonly api: Caller;
  readonly floor: Caller;
}

/** A question of each kind that is asked, and a place for the floor to read a page at. */
interface Sample {
  readonly index: number;
  readonly questions: Filters;
}

async function measure(bench: Bench, callers: Callers, scale: Scale): Promise<Result> {
  const samples = await takeSamples(callers.api, scale.entries, scale.requests);
  // connections are opened, statements prepared, code compiled
  await ask(callers, samples.slice(0, WARM_UP), scale);
  const rounds: Round[] = [];
  for (let n = 0; n < bench.rounds; n += 1) rounds.push(await ask(callers, samples, scale));
  const floors = rounds.map(({ floor }) => floor);
  const ratios = kindsOf(rounds).map((kind) => ({
    kind,
    ratio: summarise(rounds.map(({ kinds, floor }) => (kinds.get(kind) ?? NaN) / floor)),
  }));
  const [worst] = ratios.toSorted((a, b) => b.ratio.median - a.ratio.median);
  if (worst === undefined) throw new Error('there is nothing to ask for');
  return {
    path: `first page by any filter, p${scale.percentile} (worst: ${worst.kind})`,
    unit: 'ms',
    subject: summarise(rounds.map(({ kinds }) => kinds.get(worst.kind) ?? NaN)),
    floor: summarise(floors),
    ratio: worst.ratio,
    target: { atMost: 5 },
    details: Object.fromEntries(ratios.map(({ kind, ratio }) => [kind, ratio.median])),
  };
}

/** The scale's percentile, in milliseconds. */
interface Round {
  readonly floor: number;
  readonly kinds: ReadonlyMap<string, number>;
}

/** In turn a page by primary key and one question of each kind, so that whatever else the machine does meets all alike. */
async function ask({ api, floor }: Callers, samples: readonly Sample[], scale: Scale): Promise<Round> {
  const floors: number[] = [];
  const kinds = new Map<string, number[]>();
  for (const { index, questions } of samples) {
    floors.push(await timed(floor, `/?before=${index}`));
    for (const [kind, filter] of questions) {
      const times = kinds.get(kind) ?? [];
      kinds.set(kind, times);
      times.push(await timed(api, pathOf(filter)));
    }
  }
  return {
    floor: percentile(floors, scale.percentile / 100),
    kinds: new Map([...kinds].map(([kind, times]) => [kind, percentile(times, scale.percentile / 100)])),
  };
}

async function timed(caller: Caller, path: string): Promise<number> {
  const { status, body, milliseconds } = await caller.get(path);
  if (status !== 200) throw new Error(`${path}: ${status} ${body}`);
  return milliseconds;
}

function kindsOf(rounds: readonly Round[]): readonly string[] {
  return [...new Set(rounds.flatMap(({ kinds }) => [...kinds.keys()]))];
}

/** Spread over the whole ledger, so that what is asked for is now among the newest entries, now among the oldest. */
async function takeSamples(api: Caller, entries: number, count: number): Promise<readonly Sample[]> {
  const singles: Filters[] = [];
  const indexes = Array.from({ length: count }, (_, n) =>
    Math.floor(((n * 7_919) % count) * (entries / count)),
  );
  for (const index of indexes) singles.push(await filtersOf(api, index));
  const isFew = fewness(api);
  const samples: Sample[] = [];
  for (const [n, single] of singles.entries()) {
    const another = singles[(n + 1) % singles.length] ?? new Map<string, Filter>();
    const combined = await combinations(single, another, isFew);
    const questions = new Map([...FITTING_NOTHING, UNFILTERED, ...single, ...combined]);
    samples.push({ index: indexes[n] ?? 0, questions });
  }
  return samples;
}

const UNFILTERED = ['no filter', []] as const;

/**
 * Of an entry that has something few entries have: that, with everything else it has, and with what another one has. The
 * same for a short time in which few events happened.
 */
async function combinations(
  single: Filters,
  another: Filters,
  isFew: (filter: Filter) => Promise<boolean>,
): Promise<Filters> {
  const combined = new Map<string, Filter>();
  const rare = await firstFew(single, OFTEN_FEW, isFew);
  const time = await firstFew(single, TIMES, isFew);
  for (const [name, few] of [['few', rare] as const, ['few of a time', time] as const]) {
    if (few === null) continue;
    for (const kind of [...single.keys()].filter((each) => each !== few.kind && !isPart(each, few.kind))) {
      combined.set(`${name} and ${kind}`, [...few.filter, ...(single.get(kind) ?? [])]);
      combined.set(`${name} and another's ${kind}`, [...few.filter, ...(another.get(kind) ?? [])]);
    }
  }
  return combined;
}

/** In this order: what most often is rare, and not unique. */
const OFTEN_FEW = ['actor', 'subject', 'payload path', 'payload pointer', 'source', 'type'];
const TIMES = ['occurredSince and occurredUntil'];

/** A bound of a time is given once. */
function isPart(kind: string, whole: string): boolean {
  return whole.split(' and ').includes(kind);
}

interface Few {
  readonly kind: string;
  readonly filter: Filter;
}

async function firstFew(
  single: Filters,
  kinds: readonly string[],
  isFew: (filter: Filter) => Promise<boolean>,
): Promise<Few | null> {
  for (const kind of kinds) {
    const filter = single.get(kind);
    if (filter !== undefined && (await isFew(filter))) return { kind, filter };
  }
  return null;
}

const PAGE = 500;

function fewness(api: Caller): (filter: Filter) => Promise<boolean> {
  const known = new Map<string, boolean>();
  return async (filter) => {
    const path = pathOf([...filter, ['limit', String(PAGE)]]);
    const few = known.get(path) ?? (await countUpTo(api, path, FEW)) <= FEW;
    known.set(path, few);
    return few;
  };
}

/** How many entries match, or more than `most` where there are more. */
async function countUpTo(api: Caller, path: string, most: number): Promise<number> {
  let count = 0;
  for (let next: string | null = ''; next !== null && count <= most;) {
    const { body } = await api.get(next === '' ? path : `${path}&cursor=${next}`);
    const page = JSON.parse(body) as { events: readonly unknown[]; next: string | null };
    count += page.events.length;
    next = page.next;
  }
  return count;
}
