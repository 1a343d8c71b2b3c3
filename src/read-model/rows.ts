/**
 * Reading entries in their order for verification and export: short statements, arrays of bounded bytes, and every row
 * that matches exactly once, whatever somebody did to the table.
 */
import type pg from 'pg';
import { LedgerError } from '../ledger/error.js';
import type { EventFilters } from '../ledger/filters.js';
import type { EntryRow } from '../ledger/row.js';
import { conditionsOf, LITERALS } from './conditions.js';
import { ENTRY_COLUMNS } from './entry-columns.js';
import { bytesMatch } from './payload-match.js';
import { readRowPage, type RowPage, type RowPlace } from './row-page.js';
import type { SchemaName } from './schema-name.js';

export interface RowsFrom {
  readonly pool: pg.Pool;
  readonly schema: SchemaName;
  /** for each of ENTRY_COLUMNS, the expression that gives its text or bytes */
  readonly expressions: readonly string[];
}

/** An array ends with the row that reaches this. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_ROWS = 2_000;

/** A statement with filters looks at so many indexes at most, so that it stays short when few rows match. */
const MAX_WINDOW = 100_000;

/** All rows with from ≤ index < to that match. Rejections are node-postgres' own. */
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
      const page: RowPage = await readPage(source, [place, `entry.index < ${end}`, ...conditions]);
      ({ complete, last: after } = page);
      const rows = needsBytes ? page.rows.filter((row) => rowMatches(row, filters)) : page.rows;
      if (rows.length > 0) yield rows;
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
    `SELECT min(entry.index)::text AS index FROM ${schema}.entry
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

function readPage({ pool, schema, expressions }: RowsFrom, where: readonly string[]): Promise<RowPage> {
  return readRowPage(pool, { schema, expressions, where, order: 'asc', limit: MAX_ROWS, bytes: MAX_BYTES });
}

/** NULL matches no filter on bytes. */
function rowMatches({ data, metadata }: EntryRow, filters: EventFilters): boolean {
  return data !== null && metadata !== null && bytesMatch(filters, data, metadata);
}

/**
 * How to read each column as it is now: in its form where it has the type that the migrations gave it, else as whatever
 * text it has. A column that is gone reads as NULL. So verification says what is wrong in place of failing.
 */
export async function readableExpressions(
  client: pg.ClientBase,
  schema: SchemaName,
): Promise<readonly string[]> {
  const { rows } = await client.query<{ column: string; type: string }>(
    `SELECT attname AS column, format_type(atttypid, NULL) AS type FROM pg_catalog.pg_attribute
     WHERE attrelid = '${schema}.entry'::regclass AND attnum > 0 AND NOT attisdropped`,
  );
  const types = new Map(rows.map(({ column, type }) => [column, type]));
  return ENTRY_COLUMNS.map(({ column, type, expression }) => {
    const found = types.get(column);
    if (found === type) return expression;
    const asText = found === undefined ? 'NULL::text' : `entry.${column}::text`;
    return type === 'bytea' && expression === column ? `convert_to(${asText}, 'UTF8')` : asText;
  });
}
