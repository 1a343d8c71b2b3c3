/**
 * Reading entries in their order for verification and export: short statements, arrays of bounded bytes, and every row
 * that matches exactly once, whatever somebody did to the table.
 */
import type pg from 'pg';
import { LedgerError } from '../ledger/error.js';
import { bytesMatch } from '../ledger/filter-match.js';
import type { EventFilters } from '../ledger/filters.js';
import type { EntryRow } from '../ledger/row.js';
import { conditionsOf, LITERALS } from './conditions.js';
import { streamRowPage, type PageEnd, type RowPlace } from './row-page.js';
import type { SchemaName } from './schema-name.js';

export interface RowsFrom {
  readonly pool: pg.Pool;
  readonly schema: SchemaName;
  /** for each of ENTRY_COLUMNS, the expression that gives its value as it is */
  readonly expressions: readonly string[];
}

/** A statement ends with the row that reaches this: so much waits where who asked takes its time. */
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_ROWS = 8_000;

/** A statement with filters looks at so many indexes at most, so that it stays short when few rows match. */
const MAX_WINDOW = 100_000;

/** All rows with from ≤ index < to that match, in arrays that may be empty. Rejections are node-postgres' own. */
export async function* readRows(
  source: RowsFrom,
  from: number,
  to: number,
  filters?: EventFilters,
): AsyncGenerator<readonly EntryRow[]> {
  const conditions = filters === undefined ? [] : conditionsOf(filters, LITERALS);
  const needsBytes = filters !== undefined && filters.subjects.length + filters.payload.length > 0;
  for await (const { start, end } of windows(source, { from, to }, conditions.length > 0)) {
    let after: RowPlace | null = null;
    for (let complete = false; !complete;) {
      const place: string = after === null ? `entry.index >= ${start}` : isAfter(after);
      ({ complete, last: after } = yield* readPage(
        source,
        [place, `entry.index < ${end}`, ...conditions],
        (row) => !needsBytes || rowMatches(row, filters),
      ));
      // where nothing matches for long, who asked can leave all the same
      yield [];
    }
  }
}

/**
 * The parts of a range that have rows. Each begins with one, so that their number is bounded by that of the rows: how far
 * the range goes is what the head says, and somebody may have written anything there.
 */
async function* windows(
  source: RowsFrom,
  { from, to }: { readonly from: number; readonly to: number },
  filtered: boolean,
): AsyncGenerator<{ readonly start: number; readonly end: number }> {
  if (!filtered) {
    if (from < to) yield { start: from, end: to };
    return;
  }
  for (let end = from; end < to;) {
    const start = await firstIndex(source, end, to);
    if (start === null) return;
    end = Math.min(start + MAX_WINDOW, to);
    yield { start, end };
  }
}

/** The lowest index of a row with from ≤ index < to. */
async function firstIndex({ pool, schema }: RowsFrom, from: number, to: number): Promise<number | null> {
  const { rows } = await pool.query<{ index: string | null }>(
    `SELECT min(entry.index) AS index FROM ${schema}.entry
     WHERE entry.index >= ${from} AND entry.index < ${to}`,
  );
  const index = rows[0]?.index ?? null;
  return index === null ? null : Number(wholeNumber(index));
}

function isAfter({ index, tuple }: RowPlace): string {
  return `(entry.index, entry.ctid) > (${wholeNumber(index)}, '${tuple}'::tid)`;
}

function wholeNumber(index: string): string {
  if (/^\d+$/.test(index)) return index;
  throw new LedgerError('internal', 'the column index holds no integers: verify the ledger');
}

function readPage(
  { pool, schema, expressions }: RowsFrom,
  where: readonly string[],
  matches: (row: EntryRow) => boolean,
): AsyncGenerator<readonly EntryRow[], PageEnd, void> {
  const limits = { limit: MAX_ROWS, bytes: MAX_BYTES };
  return streamRowPage(pool, { schema, expressions, where, order: 'asc', ...limits }, matches);
}

/** NULL matches no filter on bytes. */
function rowMatches({ data, metadata }: EntryRow, filters: EventFilters): boolean {
  return data !== null && metadata !== null && bytesMatch(filters, data, metadata);
}
