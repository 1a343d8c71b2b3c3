/**
 * One page of the ledger. What the payload index covers is looked up in it and checked; the rest is scanned. The index
 * only makes it faster: whatever it holds, an entry that is shown matches, and while it holds what it should, an
 * entry that matches is shown.
 */
import type { EventFilters } from '../ledger/filters.js';
import { meetsAny } from '../ledger/source-pattern.js';
import type { Entry, Index } from '../ledger/types.js';
import { FEW } from './few-of-time.js';
import { lookUp, lookUpSources, type Patience } from './looking-up.js';
import { matchingFew, PAGE_BYTES, scan, scanInOrder, type Query } from './matching.js';
import { SEGMENT } from './places.js';
import type { EventPage } from './port.js';
import { sourcesWithin } from './sources.js';
import { clipRun, coveredRuns, partedTimes, timeShares, type Run, type TimeShares } from './segments.js';
import { sourceTerm, termGroups } from './terms.js';

/**
 * As many entries as the page has room for, and no further one after so many bytes of data and metadata: one at least, if
 * any matches.
 * @throws LedgerError `too-slow` after `limitMs`; else pg's own errors
 */
export async function readEvents(
  query: Omit<Query, 'deadline' | 'order'> & { readonly page: EventPage; readonly limitMs: number },
): Promise<{ readonly entries: readonly Entry[]; readonly next: Index | null }> {
  const { pool, schema, page } = query;
  const scope = await scopeOf(query);
  if (scope === null) return { entries: [], next: null };
  const { filters, patience } = scope;
  const { limit, order, bytes: most = PAGE_BYTES } = page;
  const entries: Entry[] = [];
  let bytes = 0;
  const deadline = Date.now() + query.limitMs;
  for await (const found of walk({ pool, schema, filters, order, deadline }, page, limit + 1, patience)) {
    const last = entries.at(-1);
    if (last !== undefined && (entries.length === limit || bytes >= most)) {
      return { entries, next: last.header.index };
    }
    entries.push(found);
    bytes += found.data.length + found.metadata.length;
  }
  return { entries, next: null };
}

interface Scope {
  readonly filters: EventFilters;
  /** with which entries are looked at whosever they are, before they are looked for by the sources that somebody sees */
  readonly patience: Patience;
}

/** So many sources are looked for from the beginning on; who sees more has a page of the nearest entries, if all is well. */
const FEW_SOURCES = 100;

/**
 * A single source that somebody sees is looked for as if it was asked for; one that is asked for and not seen is not
 * looked for at all, as how long that takes would tell how many entries it has. Null: there are none.
 */
async function scopeOf({
  pool,
  schema,
  filters,
}: Pick<Query, 'pool' | 'schema' | 'filters'>): Promise<Scope | null> {
  const { within } = filters;
  const all = { filters, patience: { left: Infinity } };
  if (within === null) return all;
  if (filters.sources.length > 0) {
    const sources = filters.sources.filter((source) => meetsAny(source, within));
    return sources.length === 0 ? null : { ...all, filters: { ...filters, sources } };
  }
  const few = await sourcesWithin(pool, schema, within, FEW_SOURCES);
  if (few === null) return { filters, patience: { left: FEW } };
  if (few.length === 0) return null;
  return few.length === 1
    ? { ...all, filters: { ...filters, sources: few } }
    : { filters, patience: { left: 0 } };
}

/** All entries that match, in the page's order. */
async function* walk(
  query: Query,
  page: EventPage,
  wanted: number,
  patience: Patience,
): AsyncGenerator<Entry> {
  const { pool, schema, filters } = query;
  const shares = hasTimes(filters) ? await timeShares(pool, schema, filters) : null;
  if (shares !== null && (yield* walkFew(query, shares, page, wanted))) return;
  const { size, covered, runs } = await coveredRuns(pool, schema, partedTimes(filters, shares));
  const range = clip(page, size);
  const tail = clipRun({ from: covered * SEGMENT, to: size }, range);
  const indexed = runs.map(({ from, to }) => clipRun({ from: from * SEGMENT, to: to * SEGMENT }, range));
  const parts = [...indexed, tail].filter(({ from, to }) => from < to);
  let sources: Promise<readonly string[] | null> | undefined;
  for (const part of query.order === 'asc' ? parts : parts.reverse()) {
    if (part === tail) {
      yield* scan(query, part, wanted);
      patience.left -= part.to - part.from;
      continue;
    }
    const rest = yield* lookNear(query, part, wanted, patience);
    if (rest === null) continue;
    sources ??= sourcesWithin(pool, schema, filters.within ?? [], MOST_SOURCES);
    yield* lookFar(query, await sources, rest, wanted);
  }
}

/** So many entries are looked at in their order, some 4 ms, before the planner is believed that few of them match. */
const IN_ORDER = 4 * SEGMENT;

/** @returns what is left of the range when there is no patience left, else null */
async function* lookNear(
  query: Query,
  range: Run,
  wanted: number,
  patience: Patience,
): AsyncGenerator<Entry, Run | null> {
  if (patience.left <= 0) return range;
  const groups = termGroups(query.filters);
  if (groups.length > 0) return yield* lookUp(query, groups, range, wanted, patience);
  const [near, rest] = parted(range, patience.left, query.order);
  // entries of a time fill its segments, or lie scattered in them: a look at the beginning tells
  const [beginning, others] = parted(near, IN_ORDER, query.order);
  yield* scanInOrder(query, beginning, wanted);
  yield* scan(query, others, wanted);
  patience.left -= near.to - near.from;
  return rest.from < rest.to ? rest : null;
}

/** A range after so many entries of it, in the page's order. */
function parted({ from, to }: Run, count: number, order: 'asc' | 'desc'): readonly [near: Run, rest: Run] {
  const at = order === 'asc' ? Math.min(from + count, to) : Math.max(to - count, from);
  const [older, newer] = [
    { from, to: at },
    { from: at, to },
  ];
  return order === 'asc' ? [older, newer] : [newer, older];
}

/** So many sources are looked for one by one, about 10 µs each; where there are more, all there is is looked at. */
const MOST_SOURCES = 50_000;

/** @param sources that somebody sees; null: too many */
async function* lookFar(
  query: Query,
  sources: readonly string[] | null,
  range: Run,
  wanted: number,
): AsyncGenerator<Entry> {
  if (sources === null) yield* lookNear(query, range, wanted, { left: Infinity });
  else yield* lookUpSources(query, termGroups(query.filters), sources.map(sourceTerm), range, wanted);
}

function hasTimes({ since, until, occurredSince, occurredUntil }: EventFilters): boolean {
  return [since, until, occurredSince, occurredUntil].some((bound) => bound !== null);
}

/** @returns whether few entries have one of the times that are asked for, so that these were all that match */
async function* walkFew(
  query: Query,
  shares: TimeShares,
  page: EventPage,
  wanted: number,
): AsyncGenerator<Entry, boolean> {
  const range = clip(page, shares.size);
  for (const time of ['recorded', 'occurred'] as const) {
    // a segment is more than few
    if (shares[time] !== 0) continue;
    if (yield* matchingFew(query, { time, size: shares.size, range }, wanted)) return true;
  }
  return false;
}

function clip({ order, after, fromIndex, toIndex }: EventPage, size: number): Run {
  let from: number = Math.max(fromIndex ?? 0, 0);
  let to: number = Math.min(toIndex ?? size, size);
  if (after !== null && order === 'asc') from = Math.max(from, after + 1);
  if (after !== null && order === 'desc') to = Math.min(to, after);
  return { from, to };
}
