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

/** Joins are nested loops, whose inner side is an index's answer. */
const ONE_LOOK_FOR_EACH = `${THROUGH_INDEXES}; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off;
  SET LOCAL enable_mergejoin = off; SET LOCAL enable_material = off; SET LOCAL enable_memoize = off`;

const all = ({ accepted, rejected, duplicate }: VerdictCounts): number => accepted + rejected + duplicate;

/** Entries that are looked up in one statement. */
const LOOKED_UP_AT_ONCE = 20_000;

/**
 * How many of the entries below `size` the indexes of places and of identities answer with, when each is looked up as those
 * do who ask: by the keys that its row has. A row that an index has under another key is not found.
 */
export async function* lookUpEach(
  pool: pg.Pool,
  schema: SchemaName,
  size: number,
): AsyncGenerator<IndexCount> {
  for (let from = 0; from < size; from += LOOKED_UP_AT_ONCE) {
    const to = Math.min(from + LOOKED_UP_AT_ONCE, size);
    const { entries, places, firsts, identities } = await lookUp(pool, schema, { from, to });
    yield { name: 'entry_source_revision', expected: entries, found: places };
    yield { name: 'entry_identity', expected: firsts, found: identities };
  }
}

interface LookedUp {
  readonly entries: number;
  readonly places: number;
  readonly firsts: number;
  readonly identities: number;
}

async function lookUp(
  pool: pg.Pool,
  schema: SchemaName,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<LookedUp> {
  return inTransaction(pool, READ_ONLY, async (client) => {
    await client.query(ONE_LOOK_FOR_EACH);
    // with `+ 0` not through the primary key
    const { rows } = await client.query<Record<keyof LookedUp, string>>(
      `SELECT count(*) AS entries, count(p.index) AS places,
         count(*) FILTER (WHERE k.verdict <> 'duplicate') AS firsts, count(i.index) AS identities
       FROM ${schema}.entry AS k
       LEFT JOIN ${schema}.entry AS p
         ON p.source = k.source AND p.revision = k.revision AND p.index + 0 = k.index
       LEFT JOIN ${schema}.entry AS i
         ON i.id = k.id AND i.source = k.source AND i.verdict <> 'duplicate' AND i.index + 0 = k.index
       WHERE k.index >= ${from} AND k.index < ${to}`,
    );
    const counted = (name: keyof LookedUp): number => Number(rows[0]?.[name]);
    return {
      entries: counted('entries'),
      places: counted('places'),
      firsts: counted('firsts'),
      identities: counted('identities'),
    };
  });
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
  { name: 'entry_recorded_at', columns: 'recorded_at', where: 'true', expected: all },
  { name: 'entry_occurred_at', columns: 'occurred_at', where: 'true', expected: all },
  {
    name: 'entry_not_accepted',
    columns: 'verdict',
    where: "verdict <> 'accepted'",
    expected: ({ rejected, duplicate }) => rejected + duplicate,
  },
];

/**
 * How many rows each other index answers with, and how many it must: of the entries that were verified, and of those that
 * were appended since.
 */
export async function* countEach(
  pool: pg.Pool,
  schema: SchemaName,
  below: VerdictCounts,
): AsyncGenerator<IndexCount> {
  for (const index of COUNTED) yield await countEntries(pool, schema, index, below);
  yield await countSources(pool, schema);
}

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
