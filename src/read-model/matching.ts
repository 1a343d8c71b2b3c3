/** Entries that match what a page asks for, where somebody says to look: by their columns and their recorded bytes. */
import type pg from 'pg';
import { LedgerError } from '../ledger/error.js';
import { bytesMatch } from '../ledger/filter-match.js';
import type { EventFilters } from '../ledger/filters.js';
import type { Entry } from '../ledger/types.js';
import { conditionsOf, LITERALS, timeConditions, type Time } from './conditions.js';
import { toEntry } from './entry-columns.js';
import { FEW, readFewOfTime } from './few-of-time.js';
import { readRowPage } from './row-page.js';
import type { SchemaName } from './schema-name.js';
import type { Run } from './segments.js';

export interface Query {
  readonly pool: pg.Pool;
  readonly schema: SchemaName;
  readonly filters: EventFilters;
  readonly order: 'asc' | 'desc';
  readonly deadline: number;
}

/** What a page, unless it asks for less, and each of the statements for it, has of data and metadata before it ends. */
export const PAGE_BYTES = 8 * 1024 * 1024;

/** Everything in a range that matches, in the order of the primary key. */
export async function* scan(query: Query, range: Run, wanted: number): AsyncGenerator<Entry> {
  yield* matching(query, range, { conditions: conditionsOf(query.filters, LITERALS), atOnce: wanted });
}

/**
 * The same, looked at one by one until there are enough, whatever index there is on a time: where most of a range matches,
 * little is read. Statistics of a smaller ledger know none of the newer times, so that the planner would read all that have
 * them, and sort them; coalesce it takes for true of half of the rows, and no index answers it.
 */
export async function* scanInOrder(query: Query, range: Run, wanted: number): AsyncGenerator<Entry> {
  const conditions = conditionsOf(query.filters, LITERALS, (ofTime) => `coalesce(${ofTime}, false)`);
  yield* matching(query, range, { conditions, atOnce: wanted });
}

/** Those of the proposed entries that match, by their columns and recorded bytes. */
export async function* check(query: Query, range: Run, indexes: readonly number[]): AsyncGenerator<Entry> {
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
    ({ from, to } = beyond(last.header.index, { from, to }, order));
  }
}

/**
 * Those of a range that match, out of the few that have a time.
 * @returns false, before any is given, when they are not few
 */
export async function* matchingFew(
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
    ({ from, to } = beyond(last.header.index, { from, to }, order));
  }
  return true;
}

/** What is left of a range behind an index. */
export function beyond(index: number, { from, to }: Run, order: 'asc' | 'desc'): Run {
  return order === 'asc' ? { from: index + 1, to } : { from, to: index };
}

export function checkTime({ deadline }: Query): void {
  if (Date.now() > deadline)
    throw new LedgerError('too-slow', 'the query took longer than it may: narrow it');
}
