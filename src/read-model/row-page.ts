/** Rows of the entry table from one statement, which ends before they have too many bytes. */
import type pg from 'pg';
import type { EntryRow } from '../ledger/row.js';
import { copyOut, type CopiedRow } from '../postgres/copy-out.js';
import { ENTRY_COLUMNS } from './entry-columns.js';
import type { SchemaName } from './schema-name.js';

export interface RowQuery {
  readonly schema: SchemaName;
  /** for each of ENTRY_COLUMNS, the expression that gives its text or bytes; default: as the migrations made them */
  readonly expressions?: readonly string[];
  /** conditions on `entry`, which all must hold; made of numbers and quoted literals alone */
  readonly where: readonly string[];
  readonly order: 'asc' | 'desc';
  /** rows at most */
  readonly limit: number;
  /** of data and metadata: no further row once there are so many */
  readonly bytes: number;
}

/** The place of a row: an index may be there twice, a tuple may not. */
export interface RowPlace {
  readonly index: string;
  readonly tuple: string;
}

export interface RowPage {
  readonly rows: readonly EntryRow[];
  /** of the last row, null when there is none */
  readonly last: RowPlace | null;
  /** no row is left that the conditions name */
  readonly complete: boolean;
}

const EXPRESSIONS = ENTRY_COLUMNS.map(({ expression }) => expression);

/**
 * The first rows by index that conditions name. There is always one, if any, however large. The server does not read
 * the bytes of rows that it does not send. Rejections are node-postgres' own.
 */
export async function readRowPage(pool: pg.Pool, query: RowQuery): Promise<RowPage> {
  const rows: EntryRow[] = [];
  let last: RowPlace | null = null;
  let bytes = 0;
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    await copyOut(client, statementOf(query), (copied) => {
      const tuple = copied.text() ?? '';
      const row = readRow(copied);
      rows.push(row);
      last = { index: row.index ?? '', tuple };
      bytes += (row.data?.length ?? 0) + (row.metadata?.length ?? 0);
      return true;
    });
  } catch (error) {
    failure = error as Error;
    throw error;
  } finally {
    client.release(failure);
  }
  return { rows, last, complete: rows.length < query.limit && bytes < query.bytes };
}

function statementOf({ schema, expressions = EXPRESSIONS, where, order, limit, bytes }: RowQuery): string {
  const of = new Map(ENTRY_COLUMNS.map(({ member }, i) => [member, expressions[i] ?? 'NULL']));
  const sizeOf = (member: 'data' | 'metadata'): string =>
    `coalesce(octet_length(${of.get(member) ?? 'NULL'}), 0)`;
  const members = ENTRY_COLUMNS.map(({ member }) => `"${member}"`);
  const by = (index: string, tuple: string): string => `${index} ${order}, ${tuple} ${order}`;
  return `SELECT tuple::text, ${members.join(', ')}
    FROM (
      SELECT *, sum(size) OVER (ORDER BY ${by('entry.place', 'entry.tuple')} ROWS UNBOUNDED PRECEDING) - size AS before
      FROM (
        SELECT entry.ctid AS tuple, entry.index AS place,
          ${[...of].map(([member, expression]) => `${expression} AS "${member}"`).join(', ')},
          ${sizeOf('data')} + ${sizeOf('metadata')} AS size
        FROM ${schema}.entry WHERE ${where.join(' AND ')}
        ORDER BY ${by('entry.index', 'entry.ctid')} LIMIT ${limit}
      ) AS entry
    ) AS entry
    WHERE before < ${bytes}
    ORDER BY ${by('entry.place', 'entry.tuple')}`;
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
