/** Rows of the entry table from one statement, which ends before they have too many bytes. */
import type pg from 'pg';
import type { EntryRow } from '../ledger/row.js';
import { tidText } from '../postgres/binary-value.js';
import { copyOut } from '../postgres/copy-out.js';
import { ENTRY_COLUMNS } from './entry-columns.js';
import { Handover } from './handover.js';
import type { SchemaName } from './schema-name.js';
import { readStoredRow } from './stored-row.js';

export interface RowQuery {
  readonly schema: SchemaName;
  /** for each of ENTRY_COLUMNS, the expression that gives its value as it is; default: as the migrations made them */
  readonly expressions?: readonly string[];
  /** the rows that it looks at, with their ctid; default: the table */
  readonly from?: string;
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

export interface PageEnd {
  /** of the last row, null when there is none */
  readonly last: RowPlace | null;
  /** no row is left that the conditions name */
  readonly complete: boolean;
}

export interface RowPage extends PageEnd {
  readonly rows: readonly EntryRow[];
}

/** Rows of one array: few are alive at once, which keeps the collector's work small. */
const ROWS_AT_ONCE = 512;

const EXPRESSIONS = ENTRY_COLUMNS.map(({ expression }) => expression);

/**
 * The first rows by index that conditions name. There is always one, if any, however large. The server does not read
 * the bytes of rows that it does not send. Rejections are node-postgres' own.
 */
export async function readRowPage(pool: pg.Pool, query: RowQuery): Promise<RowPage> {
  const rows: EntryRow[] = [];
  const end = await readInto(pool, query, (row) => {
    rows.push(row);
    return true;
  });
  return { rows, ...end };
}

/**
 * Those of the same rows that match, in arrays that are there while the server still sends the rest.
 * @param matches by what no condition can say
 */
export async function* streamRowPage(
  pool: pg.Pool,
  query: RowQuery,
  matches: (row: EntryRow) => boolean,
): AsyncGenerator<readonly EntryRow[], PageEnd, void> {
  const handover = new Handover<EntryRow>(ROWS_AT_ONCE);
  const reading = readInto(pool, query, (row) => !matches(row) || handover.put(row));
  reading.then(
    () => handover.end(),
    () => handover.end(),
  );
  try {
    yield* handover.arrays();
    return await reading;
  } finally {
    handover.leave();
    await reading.catch(() => undefined);
  }
}

/** @param take false: enough */
async function readInto(pool: pg.Pool, query: RowQuery, take: (row: EntryRow) => boolean): Promise<PageEnd> {
  let last: RowPlace | null = null;
  let count = 0;
  let bytes = 0;
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    await copyOut(client, pageStatement(query), (copied) => {
      const tuple = tidText(copied.bytes()) ?? '';
      const row = readStoredRow(copied);
      last = { index: row.index ?? '', tuple };
      count += 1;
      bytes += (row.data?.length ?? 0) + (row.metadata?.length ?? 0);
      return take(row);
    });
  } catch (error) {
    failure = error as Error;
    throw error;
  } finally {
    client.release(failure);
  }
  return { last, complete: count < query.limit && bytes < query.bytes };
}

/** The statement of a page: the tuple, and the values of ENTRY_COLUMNS. */
export function pageStatement(query: RowQuery): string {
  const { schema, from = `${schema}.entry`, expressions = EXPRESSIONS, where, order, limit, bytes } = query;
  const of = new Map(ENTRY_COLUMNS.map(({ member }, i) => [member, expressions[i] ?? 'NULL']));
  const sizeOf = (member: 'data' | 'metadata'): string =>
    `coalesce(octet_length(${of.get(member) ?? 'NULL'}), 0)`;
  const members = ENTRY_COLUMNS.map(({ member }) => `"${member}"`);
  const by = (index: string, tuple: string): string => `${index} ${order}, ${tuple} ${order}`;
  return `SELECT tuple, ${members.join(', ')}
    FROM (
      SELECT *, sum(size) OVER (ORDER BY ${by('entry.place', 'entry.tuple')} ROWS UNBOUNDED PRECEDING) - size AS before
      FROM (
        SELECT entry.ctid AS tuple, entry.index AS place,
          ${[...of].map(([member, expression]) => `${expression} AS "${member}"`).join(', ')},
          ${sizeOf('data')} + ${sizeOf('metadata')} AS size
        FROM ${from} AS entry WHERE ${where.join(' AND ')}
        ORDER BY ${by('entry.index', 'entry.ctid')} LIMIT ${limit}
      ) AS entry
    ) AS entry
    WHERE before < ${bytes}
    ORDER BY ${by('entry.place', 'entry.tuple')}`;
}
