/**
 * Reading entries in their order for verification and export: short statements, arrays of bounded bytes, and every row
 * that matches exactly once, whatever somebody did to the table.
 */
import type pg from 'pg';
import { LedgerError } from '../ledger/error.js';
import type { EventFilters } from '../ledger/filters.js';
import type { EntryRow } from '../ledger/row.js';
import { copyOut, type CopiedRow } from '../postgres/copy-out.js';
import { conditionsOf, LITERALS } from './conditions.js';
import { ENTRY_COLUMNS } from './entry-columns.js';
import { bytesMatch } from './payload-match.js';
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

/** The place of a row: an index may be there twice, a tuple may not. */
interface RowPlace {
  readonly index: string;
  readonly tuple: string;
}

interface Chunk {
  readonly rows: readonly EntryRow[];
  readonly last: RowPlace | null;
  /** nothing is left in the window */
  readonly complete: boolean;
}

/** All rows with from ≤ index < to that match. Rejections are node-postgres' own. */
export async function* readRows(
  source: RowsFrom,
  from: number,
  to: number,
  filters?: EventFilters,
): AsyncGenerator<readonly EntryRow[]> {
  const conditions = filters === undefined ? [] : conditionsOf(filters, LITERALS);
  const needsBytes = filters !== undefined && filters.subjects.length + filters.payload.length > 0;
  const window = conditions.length === 0 ? Infinity : MAX_WINDOW;
  for (let start = from; start < to; start += window) {
    const end = Math.min(start + window, to);
    let after: RowPlace | null = null;
    for (let complete = false; !complete;) {
      const place: string = after === null ? `entry.index >= ${start}` : isAfter(after);
      const chunk: Chunk = await readChunk(source, [place, `entry.index < ${end}`, ...conditions]);
      ({ complete } = chunk);
      after = chunk.last;
      const rows = needsBytes ? chunk.rows.filter((row) => rowMatches(row, filters)) : chunk.rows;
      if (rows.length > 0) yield rows;
    }
  }
}

function isAfter({ index, tuple }: RowPlace): string {
  if (!/^\d+$/.test(index))
    throw new LedgerError('internal', 'the column index holds no integers: verify the ledger');
  return `(entry.index, entry.ctid) > (${index}, '${tuple}'::tid)`;
}

async function readChunk(
  { pool, schema, expressions }: RowsFrom,
  conditions: readonly string[],
): Promise<Chunk> {
  const rows: EntryRow[] = [];
  let last: RowPlace | null = null;
  let bytes = 0;
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    await copyOut(
      client,
      `SELECT entry.ctid::text, ${expressions.join(', ')} FROM ${schema}.entry
       WHERE ${conditions.join(' AND ')} ORDER BY entry.index, entry.ctid LIMIT ${MAX_ROWS}`,
      (copied) => {
        const tuple = copied.text() ?? '';
        const row = readRow(copied);
        rows.push(row);
        last = { index: row.index ?? '', tuple };
        bytes += copied.byteLength;
        return bytes < MAX_BYTES;
      },
    );
  } catch (error) {
    failure = error as Error;
    throw error;
  } finally {
    client.release(failure);
  }
  return { rows, last, complete: rows.length < MAX_ROWS && bytes < MAX_BYTES };
}

/** In the order of ENTRY_COLUMNS. */
function readRow(copied: CopiedRow): EntryRow {
  return {
    index: copied.text(),
    id: copied.text(),
    source: copied.text(),
    type: copied.text(),
    revision: copied.text(),
    schema: copied.text(),
    verdict: copied.text(),
    occurredAt: copied.text(),
    recordedAt: copied.text(),
    recordedBy: copied.text(),
    actor: copied.text(),
    content: copied.text(),
    previous: copied.text(),
    previousInSource: copied.text(),
    hash: copied.text(),
    data: copied.bytes(),
    metadata: copied.bytes(),
  };
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
