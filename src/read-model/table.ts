/**
 * The entry table read as it lies there, and asked through each of its other indexes: what verification holds against the
 * rows that the primary key gave. All of it in short transactions, but for one count of each index whose keys many rows
 * share: it reads the index alone where the table was vacuumed (a quarter of a microsecond a row, else a few). Rejections
 * are node-postgres' own.
 */
import type pg from 'pg';
import { LedgerError } from '../ledger/error.js';
import type { EntryRow } from '../ledger/row.js';
import type { IndexCount, PlacedRow, VerdictCounts } from '../ledger/table-check.js';
import { copyOut } from '../postgres/copy-out.js';
import { inTransaction } from '../postgres/pool.js';
import { decodeRow, ENTRY_COLUMNS } from './entry-columns.js';
import type { SchemaName } from './schema-name.js';

const READ_ONLY = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

/** Tables are read themselves until the transaction's end, whatever indexes there are: by places, where those are named. */
export const THROUGH_NO_INDEX = `SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off;
  SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_tidscan = on;
  SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL synchronize_seqscans = off`;

/** The same through indexes, where there is one for it. */
export const THROUGH_INDEXES = `SET LOCAL enable_indexscan = on; SET LOCAL enable_indexonlyscan = on;
  SET LOCAL enable_bitmapscan = on; SET LOCAL enable_seqscan = off`;

/** An order is an index's: nothing is sorted. */
const IN_INDEX_ORDER = `${THROUGH_INDEXES}; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off;
  SET LOCAL enable_incremental_sort = off`;

const ROWS_AT_ONCE = 50_000;

/** A tuple's place as one number: its block has 32 bits, its place in the block 16. */
const PLACES = 65_536;

const BEFORE_ALL = -1;

/**
 * Every row there is, in the order in which they lie, by ranges of places (TID range scan): no other plan goes on where the
 * last statement ended.
 */
export async function* readPlaced(
  pool: pg.Pool,
  schema: SchemaName,
  atOnce = ROWS_AT_ONCE,
): AsyncGenerator<readonly PlacedRow[]> {
  for (let last = BEFORE_ALL; ;) {
    const rows = await inTransaction(pool, READ_ONLY, async (client) => {
      await client.query(THROUGH_NO_INDEX);
      return placedAfter(client, schema, last, atOnce);
    });
    if (rows.length > 0) yield rows;
    if (rows.length < atOnce) return;
    last = rows.at(-1)?.tuple ?? last;
  }
}

/** @throws LedgerError `internal` when rows do not come in the order in which they lie: some would never come */
async function placedAfter(
  client: pg.ClientBase,
  schema: SchemaName,
  last: number,
  atOnce: number,
): Promise<readonly PlacedRow[]> {
  const rows: PlacedRow[] = [];
  let before = last;
  const after = last === BEFORE_ALL ? "entry.ctid >= '(0,0)'::tid" : `entry.ctid > '${tidOf(last)}'::tid`;
  await copyOut(
    client,
    `SELECT entry.ctid, entry.index FROM ${schema}.entry WHERE ${after} LIMIT ${atOnce}`,
    (copied) => {
      const place = copied.bytes();
      const tuple = place?.length === 6 ? place.readUInt32BE() * PLACES + place.readUInt16BE(4) : NaN;
      if (!(tuple > before)) {
        throw new LedgerError('internal', 'the entry table is not read in the order in which its rows lie');
      }
      before = tuple;
      rows.push({ tuple, index: integer(copied.bytes()) });
      return true;
    },
  );
  return rows;
}

/** Not exact beyond 2^53, where no entry's index is. */
function integer(field: Buffer | null): number {
  return field?.length === 8 ? field.readInt32BE() * 2 ** 32 + field.readUInt32BE(4) : NaN;
}

function tidOf(tuple: number): string {
  return `(${Math.floor(tuple / PLACES)},${tuple % PLACES})`;
}

/** @param expressions for each of ENTRY_COLUMNS */
export async function readRowsAt(
  pool: pg.Pool,
  schema: SchemaName,
  expressions: readonly string[],
  tuples: readonly number[],
): Promise<readonly EntryRow[]> {
  const places = tuples.map((tuple) => `"${tidOf(tuple)}"`).join();
  return inTransaction(pool, READ_ONLY, async (client) => {
    await client.query(THROUGH_NO_INDEX);
    return readHeaders(client, schema, expressions, `entry.ctid = ANY ('{${places}}'::tid[])`);
  });
}

/** Rows without data and metadata. */
export async function readHeaders(
  client: pg.ClientBase,
  schema: SchemaName,
  expressions: readonly string[],
  condition: string,
): Promise<readonly EntryRow[]> {
  const select = ENTRY_COLUMNS.map(({ reading }, i) =>
    reading === 'bytes' ? 'NULL' : (expressions[i] ?? 'NULL'),
  );
  const rows: EntryRow[] = [];
  await copyOut(client, `SELECT ${select.join(', ')} FROM ${schema}.entry WHERE ${condition}`, (copied) => {
    rows.push(decodeRow(() => copied.bytes()));
    return true;
  });
  return rows;
}

/** The head's size, whatever the row says; NaN where it says none, or there is not one row. */
export async function readSize(client: pg.ClientBase, schema: SchemaName): Promise<number> {
  const sizes: number[] = [];
  await copyOut(client, `SELECT size FROM ${schema}.head`, (copied) => {
    sizes.push(integer(copied.bytes()));
    return true;
  });
  return sizes.length === 1 ? (sizes[0] ?? NaN) : NaN;
}

export function readSizeNow(pool: pg.Pool, schema: SchemaName): Promise<number> {
  return inTransaction(pool, READ_ONLY, async (client) => {
    await client.query(THROUGH_NO_INDEX);
    return readSize(client, schema);
  });
}

const all = ({ accepted, rejected, duplicate }: VerdictCounts): number => accepted + rejected + duplicate;

/**
 * How many rows each secondary index answers with, and how many it must: of the entries that were verified, and where an
 * index is counted as a whole, of those that were appended since.
 */
export async function* checkEachIndex(
  pool: pg.Pool,
  schema: SchemaName,
  below: VerdictCounts,
): AsyncGenerator<IndexCount> {
  for (const index of LOOKED_UP) yield* lookUpEach(pool, schema, index, all(below));
  for (const index of COUNTED) yield await countEntries(pool, schema, index, below);
  yield await countSources(pool, schema);
}

/** Each key is one row's: every entry is looked up by it, as those do who ask. */
interface LookedUpIndex {
  readonly name: string;
  readonly key: readonly string[];
  /** of the alias `e`: the rows that it is for */
  readonly where: string;
}

const LOOKED_UP: readonly LookedUpIndex[] = [
  { name: 'entry_source_revision', key: ['source', 'revision'], where: 'true' },
  { name: 'entry_identity', key: ['id', 'source'], where: "e.verdict <> 'duplicate'" },
];

/** Entries that are looked up in one statement. */
const LOOKED_UP_AT_ONCE = 20_000;

/** By the keys that the rows have: a row that the index has under another key is not found. */
async function* lookUpEach(
  pool: pg.Pool,
  schema: SchemaName,
  { name, key, where }: LookedUpIndex,
  size: number,
): AsyncGenerator<IndexCount> {
  const same = key.map((column) => `e.${column} = k.${column}`).join(' AND ');
  for (let from = 0; from < size; from += LOOKED_UP_AT_ONCE) {
    const to = Math.min(from + LOOKED_UP_AT_ONCE, size);
    const counts = await inTransaction(pool, READ_ONLY, async (client) => {
      await client.query(`${THROUGH_INDEXES}; SET LOCAL enable_bitmapscan = off`);
      // OFFSET 0: one look for each; with `+ 0` not through the primary key
      const { rows } = await client.query<{ expected: string; found: string }>(
        `SELECT count(*) AS expected, count(found.there) AS found
         FROM (
           SELECT e.index, ${key.map((column) => `e.${column}`).join(', ')} FROM ${schema}.entry AS e
           WHERE e.index >= ${from} AND e.index < ${to} AND ${where} OFFSET 0
         ) AS k
         LEFT JOIN LATERAL (
           SELECT true AS there FROM ${schema}.entry AS e
           WHERE ${same} AND ${where} AND e.index + 0 = k.index OFFSET 0
         ) AS found ON true`,
      );
      return rows[0];
    });
    yield { name, expected: Number(counts?.expected), found: Number(counts?.found) };
  }
}

/** Many rows have the same key: they are counted as a whole. */
interface CountedIndex {
  readonly name: string;
  /** of `entry`: what it orders by, and the rows that it is for */
  readonly columns: string;
  readonly where: string;
  readonly expected: (counts: VerdictCounts) => number;
}

const COUNTED: readonly CountedIndex[] = [
  { name: 'entry_occurred_at', columns: 'occurred_at', where: 'true', expected: all },
  {
    name: 'entry_not_accepted',
    columns: 'verdict',
    where: "verdict <> 'accepted'",
    expected: ({ rejected, duplicate }) => rejected + duplicate,
  },
];

/** A count of the largest index takes longer than other statements may. */
const COUNT_LIMIT_MS = 600_000;

function countEntries(
  pool: pg.Pool,
  schema: SchemaName,
  { name, columns, where, expected }: CountedIndex,
  below: VerdictCounts,
): Promise<IndexCount> {
  return inTransaction(pool, READ_ONLY, async (client) => {
    const counts = await countVerdicts(client, schema, all(below), below);
    const found = await countInOrder(client, `${schema}.entry WHERE ${where}`, columns);
    return { name, expected: expected(counts), found };
  });
}

function countSources(pool: pg.Pool, schema: SchemaName): Promise<IndexCount> {
  return inTransaction(pool, READ_ONLY, async (client) => {
    await client.query(THROUGH_NO_INDEX);
    const { rows } = await client.query<{ count: string }>(`SELECT count(*) AS count FROM ${schema}.source`);
    const found = await countInOrder(client, `${schema}.source`, 'source');
    return { name: 'source_pkey', expected: Number(rows[0]?.count), found };
  });
}

/**
 * Until the transaction's end, indexes are asked.
 * @param from a table and conditions
 * @param columns in whose order an index has the rows
 */
async function countInOrder(client: pg.ClientBase, from: string, columns: string): Promise<number> {
  await client.query(`${IN_INDEX_ORDER}; SET LOCAL statement_timeout = ${COUNT_LIMIT_MS}`);
  const text = `SELECT count(*) AS count FROM (SELECT ${columns} FROM ${from} ORDER BY ${columns} OFFSET 0) AS ordered`;
  const query = { text, query_timeout: COUNT_LIMIT_MS };
  const { rows } = await client.query<{ count: string }>(query);
  return Number(rows[0]?.count);
}

async function countVerdicts(
  client: pg.ClientBase,
  schema: SchemaName,
  size: number,
  below: VerdictCounts,
): Promise<VerdictCounts> {
  const counts = { ...below };
  const now = await readSize(client, schema);
  if (!(now > size)) return counts;
  await copyOut(
    client,
    `SELECT verdict FROM ${schema}.entry WHERE entry.index >= ${size} AND entry.index < ${now}`,
    (copied) => {
      const verdict = copied.text();
      if (verdict === 'accepted' || verdict === 'rejected' || verdict === 'duplicate') counts[verdict]++;
      return true;
    },
  );
  return counts;
}
