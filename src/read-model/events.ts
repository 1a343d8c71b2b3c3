/**
 * One page of the ledger. What the payload index covers is looked up in it and checked; the rest is scanned. The index
 * only makes it faster: whatever it holds, an entry that is shown matches, and while it holds what it should, an
 * entry that matches is shown.
 */
import type pg from 'pg';
import { LedgerError } from '../ledger/error.js';
import type { EventFilters } from '../ledger/filters.js';
import type { EntryRow } from '../ledger/row.js';
import type { Entry, Index } from '../ledger/types.js';
import { conditionsOf, Parameters } from './conditions.js';
import { ENTRY_SELECT, toEntry } from './entry-columns.js';
import { proposePlaces } from './payload-index.js';
import { bytesMatch } from './payload-match.js';
import { SEGMENT } from './places.js';
import type { EventPage } from './port.js';
import type { SchemaName } from './schema-name.js';
import { coveredRuns, type Run } from './segments.js';
import { termGroups } from './terms.js';

interface Query {
  readonly pool: pg.Pool;
  readonly schema: SchemaName;
  readonly filters: EventFilters;
  readonly order: 'asc' | 'desc';
  readonly deadline: number;
}

/** Segments that are looked up at first; then so many times more, as long as a page is not full. */
const FIRST_LOOK = 8;
const GROWTH = 8;

/** @throws LedgerError `too-slow` after `limitMs`; else pg's own errors */
export async function readEvents(
  query: Omit<Query, 'deadline' | 'order'> & { readonly page: EventPage; readonly limitMs: number },
): Promise<{ readonly entries: readonly Entry[]; readonly next: Index | null }> {
  const { pool, schema, filters, page } = query;
  const { limit, order } = page;
  const entries: Entry[] = [];
  const deadline = Date.now() + query.limitMs;
  for await (const found of walk({ pool, schema, filters, order, deadline }, page, limit + 1)) {
    entries.push(found);
    if (entries.length > limit) break;
  }
  const shown = entries.slice(0, limit);
  return { entries: shown, next: entries.length > limit ? (shown.at(-1)?.header.index ?? null) : null };
}

/** All entries that match, in the page's order. */
async function* walk(query: Query, page: EventPage, wanted: number): AsyncGenerator<Entry> {
  const { size, covered, runs } = await coveredRuns(query.pool, query.schema, query.filters);
  const range = clip(page, size);
  const tail = clipRun({ from: covered * SEGMENT, to: size }, range);
  const indexed = runs.map(({ from, to }) => clipRun({ from: from * SEGMENT, to: to * SEGMENT }, range));
  const parts = [...indexed, tail].filter(({ from, to }) => from < to);
  const groups = termGroups(query.filters);
  for (const part of query.order === 'asc' ? parts : parts.reverse()) {
    if (part === tail || groups.length === 0) yield* scan(query, part, wanted);
    else yield* lookUp(query, groups, part, wanted);
  }
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
  let { from, to } = range;
  while (from < to) {
    const parameters = new Parameters(from, to);
    const conditions = conditionsOf(query.filters, parameters);
    const rows = await readRows(query, {
      where: ['entry.index >= $1', 'entry.index < $2', ...conditions],
      values: parameters.values,
      limit: wanted,
    });
    const entries = rows.map(toEntry);
    yield* entries.filter(({ data, metadata }) => bytesMatch(query.filters, data, metadata));
    const last = entries.at(-1);
    if (last === undefined || rows.length < wanted) return;
    if (query.order === 'asc') from = last.header.index + 1;
    else to = last.header.index;
  }
}

/** What the index proposes in a range, checked. */
async function* lookUp(
  query: Query,
  groups: readonly (readonly string[])[],
  range: Run,
  wanted: number,
): AsyncGenerator<Entry> {
  for (const { from, to } of looks(range, query.order)) {
    checkTime(query);
    const proposed = await proposePlaces(query.pool, query.schema, groups, from, to);
    const indexes = [...proposed]
      .flatMap(([segment, places]) => places.map((place) => segment * SEGMENT + place))
      .filter((index) => index >= range.from && index < range.to)
      .sort(query.order === 'asc' ? (a, b) => a - b : (a, b) => b - a);
    for (let at = 0; at < indexes.length; at += wanted) {
      yield* await check(query, indexes.slice(at, at + wanted));
    }
  }
}

/** The segments of a range in ever larger groups, in the page's order. */
function* looks(range: Run, order: 'asc' | 'desc'): Generator<Run> {
  let from = Math.floor(range.from / SEGMENT);
  let to = Math.ceil(range.to / SEGMENT);
  for (let count = FIRST_LOOK; from < to; count *= GROWTH) {
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
async function check(query: Query, indexes: readonly number[]): Promise<readonly Entry[]> {
  const parameters = new Parameters(indexes);
  const conditions = conditionsOf({ ...query.filters, subjects: [], payload: [] }, parameters);
  const rows = await readRows(query, {
    where: ['entry.index = ANY ($1::bigint[])', ...conditions],
    values: parameters.values,
    limit: indexes.length,
  });
  return rows.map(toEntry).filter(({ data, metadata }) => bytesMatch(query.filters, data, metadata));
}

async function readRows(
  query: Query,
  statement: { where: readonly string[]; values: readonly unknown[]; limit: number },
): Promise<readonly EntryRow[]> {
  checkTime(query);
  const { rows } = await query.pool.query<EntryRow>(
    `SELECT ${ENTRY_SELECT} FROM ${query.schema}.entry WHERE ${statement.where.join(' AND ')}
     ORDER BY entry.index ${query.order === 'asc' ? 'ASC' : 'DESC'} LIMIT ${statement.limit}`,
    [...statement.values],
  );
  return rows;
}

function checkTime({ deadline }: Query): void {
  if (Date.now() > deadline)
    throw new LedgerError('too-slow', 'the query took longer than it may: narrow it');
}
