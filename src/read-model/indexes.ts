/**
 * The entry table asked through each of its other indexes: what verification holds against the rows that the primary key
 * gave. In short transactions, but for one count of each index whose keys many rows share: it reads the index alone where
 * the table was vacuumed (a quarter of a microsecond a row, else a few). Rejections are node-postgres' own.
 */
import type pg from 'pg';
import type { IndexCount, VerdictCounts } from '../ledger/table-check.js';
import { copyOut } from '../postgres/copy-out.js';
import { inTransaction } from '../postgres/pool.js';
import type { SchemaName } from './schema-name.js';
import { READ_ONLY, readSize, THROUGH_INDEXES, THROUGH_NO_INDEX } from './table.js';

/** An order is an index's: nothing is sorted. */
const IN_INDEX_ORDER = `${THROUGH_INDEXES}; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off;
  SET LOCAL enable_incremental_sort = off`;

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
