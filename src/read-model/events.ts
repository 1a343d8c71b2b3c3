/**
 * One page of the ledger. What the payload index covers is looked up in it and checked; the rest is scanned. The index
 * only makes it faster: whatever it holds, an entry that is shown matches, and while it holds what it should, an
 * entry that matches is shown.
 */
import type pg from 'pg';
import { LedgerError } from '../ledger/error.js';
import { bytesMatch } from '../ledger/filter-match.js';
import type { EventFilters } from '../ledger/filters.js';
import type { Entry, Index } from '../ledger/types.js';
import { conditionsOf, LITERALS, timeConditions, type Time } from './conditions.js';
import { toEntry } from './entry-columns.js';
import { FEW, readFewOfTime } from './few-of-time.js';
import { proposePlaces } from './payload-index.js';
import { SEGMENT } from './places.js';
import type { EventPage } from './port.js';
import { readRowPage } from './row-page.js';
import type { SchemaName } from './schema-name.js';
import { sourcesWithin } from './sources.js';
import { coveredRuns, timeShares, withoutWide, type Run, type TimeShares } from './segments.js';
import { termGroups } from './terms.js';

interface Query {
  readonly pool: pg.Pool;
  readonly schema: SchemaName;
  readonly filters: EventFilters;
  readonly order: 'asc' | 'desc';
  readonly deadline: number;
}

/**
 * Segments that are looked up at first; then so many times more, as long as a page is not full. A statement more costs as
 * much as a hundred segments do.
 */
const FIRST_LOOK = 64;
const GROWTH = 8;

/** What a page, unless it asks for less, and each of the statements for it, has of data and metadata before it ends. */
const PAGE_BYTES = 8 * 1024 * 1024;

/**
 * As many entries as the page has room for, and no further one after so many bytes of data and metadata: one at least, if
 * any matches.
 * @throws LedgerError `too-slow` after `limitMs`; else pg's own errors
 */
export async function readEvents(
  query: Omit<Query, 'deadline' | 'order'> & { readonly page: EventPage; readonly limitMs: number },
): Promise<{ readonly entries: readonly Entry[]; readonly next: Index | null }> {
  const { pool, schema, page } = query;
  const filters = await withSources(query);
  if (filters === null) return { entries: [], next: null };
  const { limit, order, bytes: most = PAGE_BYTES } = page;
  const entries: Entry[] = [];
  let bytes = 0;
  const deadline = Date.now() + query.limitMs;
  for await (const found of walk({ pool, schema, filters, order, deadline }, page, limit + 1)) {
    const last = entries.at(-1);
    if (last !== undefined && (entries.length === limit || bytes >= most)) {
      return { entries, next: last.header.index };
    }
    entries.push(found);
    bytes += found.data.length + found.metadata.length;
  }
  return { entries, next: null };
}

/** So many sources are looked for by their names. */
const MOST_SOURCES = 100;

/**
 * Who sees some sources only has them looked for by name, where they are few: the index knows names. Null: there are none.
 */
async function withSources({
  pool,
  schema,
  filters,
}: Pick<Query, 'pool' | 'schema' | 'filters'>): Promise<EventFilters | null> {
  const { within } = filters;
  if (within === null || filters.sources.length > 0) return filters;
  const sources = await sourcesWithin(pool, schema, within, MOST_SOURCES);
  if (sources === null) return filters;
  return sources.length === 0 ? null : { ...filters, sources };
}

/** All entries that match, in the page's order. */
async function* walk(query: Query, page: EventPage, wanted: number): AsyncGenerator<Entry> {
  const { pool, schema, filters } = query;
  const shares = hasTimes(filters) ? await timeShares(pool, schema, filters) : null;
  if (shares !== null && (yield* walkFew(query, shares, page, wanted))) return;
  const narrowing = shares === null ? filters : withoutWide(filters, shares);
  const { size, covered, runs } = await coveredRuns(pool, schema, narrowing);
  const range = clip(page, size);
  const tail = clipRun({ from: covered * SEGMENT, to: size }, range);
  const indexed = runs.map(({ from, to }) => clipRun({ from: from * SEGMENT, to: to * SEGMENT }, range));
  const parts = [...indexed, tail].filter(({ from, to }) => from < to);
  const groups = termGroups(filters);
  for (const part of query.order === 'asc' ? parts : parts.reverse()) {
    if (part === tail || groups.length === 0) yield* scan(query, part, wanted);
    else yield* lookUp(query, groups, part, wanted);
  }
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

function clipRun(run: Run, range: Run): Run {
  return { from: Math.max(run.from, range.from), to: Math.min(run.to, range.to) };
}

/** Everything in a range that matches, in the order of the primary key. */
async function* scan(query: Query, range: Run, wanted: number): AsyncGenerator<Entry> {
  yield* matching(query, range, { conditions: conditionsOf(query.filters, LITERALS), atOnce: wanted });
}

/** What the index proposes in a range, checked. */
async function* lookUp(
  query: Query,
  groups: readonly (readonly string[])[],
  range: Run,
  wanted: number,
): AsyncGenerator<Entry> {
  // what fits several filters is rarer than what fits one
  const first = groups.length > 1 ? FIRST_LOOK * GROWTH : FIRST_LOOK;
  for (const look of looks(range, query.order, first)) {
    checkTime(query);
    const placesOf = await proposePlaces(query.pool, query.schema, groups, look.from, look.to);
    let indexes: number[] = [];
    for (const segment of segmentsIn(look, query.order)) {
      indexes.push(...indexesOf(segment, placesOf(segment), range, query.order));
      for (; indexes.length >= wanted; indexes = indexes.slice(wanted)) {
        yield* check(query, range, indexes.slice(0, wanted));
      }
    }
    if (indexes.length > 0) yield* check(query, range, indexes);
  }
}

function* segmentsIn({ from, to }: Run, order: 'asc' | 'desc'): Generator<number> {
  for (let n = 0; n < to - from; n++) yield order === 'asc' ? from + n : to - 1 - n;
}

/** @param places in no order */
function indexesOf(
  segment: number,
  places: readonly number[],
  range: Run,
  order: 'asc' | 'desc',
): readonly number[] {
  return places
    .map((place) => segment * SEGMENT + place)
    .filter((index) => index >= range.from && index < range.to)
    .sort(order === 'asc' ? (a, b) => a - b : (a, b) => b - a);
}

/** The segments of a range in ever larger groups, in the page's order. */
function* looks(range: Run, order: 'asc' | 'desc', first: number): Generator<Run> {
  let from = Math.floor(range.from / SEGMENT);
  let to = Math.ceil(range.to / SEGMENT);
  for (let count = first; from < to; count *= GROWTH) {
    if (order === 'asc') {
      yield { from, to: Math.min(from + count, to) };
      from += count;
    } else {
      yield { from: Math.max(to - count, from), to };
      to -= count;
    }
  }
}

/** Those of the proposed entries that match, by their columns and recorded bytes. */
async function* check(query: Query, range: Run, indexes: readonly number[]): AsyncGenerator<Entry> {
  const columns = conditionsOf({ ...query.filters, subjects: [], payload: [] }, LITERALS);
  // OFFSET 0: through the primary key, whatever the planner believes of the columns
  const proposed = `(SELECT e.ctid, e.* FROM ${query.schema}.entry AS e
    WHERE e.index = ANY ('{${indexes.join()}}'::bigint[]) OFFSET 0)`;
  yield* matching(query, range, { from: proposed, conditions: columns, atOnce: indexes.length });
}

interface Rows {
  /** where they are, with their ctid; default: the table */
  readonly from?: string;
  readonly conditions: readonly string[];
  /** read by one statement at most */
  readonly atOnce: number;
}

/** Entries of a range that fit conditions, and match by their recorded bytes. */
async function* matching(
  query: Query,
  range: Run,
  { conditions, atOnce, ...source }: Rows,
): AsyncGenerator<Entry> {
  const { pool, schema, filters, order } = query;
  let { from, to } = range;
  while (from < to) {
    checkTime(query);
    const { rows, complete } = await readRowPage(pool, {
      ...{ schema, ...source },
      where: [`entry.index >= ${from}`, `entry.index < ${to}`, ...conditions],
      order,
      limit: atOnce,
      bytes: PAGE_BYTES,
    });
    const entries = rows.map(toEntry);
    yield* entries.filter(({ data, metadata }) => bytesMatch(filters, data, metadata));
    const last = entries.at(-1);
    if (last === undefined || complete) return;
    ({ from, to } = beyond(last, { from, to }, order));
  }
}

/**
 * Those of a range that match, out of the few that have a time.
 * @returns false, before any is given, when they are not few
 */
async function* matchingFew(
  query: Query,
  { time, size, range }: { readonly time: Time; readonly size: number; readonly range: Run },
  wanted: number,
): AsyncGenerator<Entry, boolean> {
  const { pool, schema, filters, order } = query;
  const ofTime = timeConditions(time, filters, LITERALS);
  // what only the bytes tell is told of all of them at once, since each statement reads all
  const isTold = filters.subjects.length + filters.payload.length === 0;
  let { from, to } = range;
  for (let limit = isTold ? wanted : FEW; from < to; limit = FEW) {
    checkTime(query);
    const where = [`entry.index >= ${from}`, `entry.index < ${to}`, ...conditionsOf(filters, LITERALS)];
    const few = await readFewOfTime(pool, {
      schema,
      time,
      ofTime,
      size,
      where,
      order,
      limit,
      bytes: PAGE_BYTES,
    });
    if (few === null) return false;
    const entries = few.rows.map(toEntry);
    yield* entries.filter(({ data, metadata }) => bytesMatch(filters, data, metadata));
    const last = entries.at(-1);
    if (last === undefined || few.complete) return true;
    ({ from, to } = beyond(last, { from, to }, order));
  }
  return true;
}

/** What is left of a range behind an entry. */
function beyond({ header: { index } }: Entry, { from, to }: Run, order: 'asc' | 'desc'): Run {
  return order === 'asc' ? { from: index + 1, to } : { from, to: index };
}

function checkTime({ deadline }: Query): void {
  if (Date.now() > deadline)
    throw new LedgerError('too-slow', 'the query took longer than it may: narrow it');
}
