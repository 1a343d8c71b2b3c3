/** The ledger at one moment, for verification and export. Rejections are LedgerErrors. */
import type pg from 'pg';
import type { EntryRow, SourceHeadRow } from '../ledger/row.js';
import type { Hash, Head } from '../ledger/types.js';
import { inTransaction } from '../postgres/pool.js';
import { ENTRY_COLUMNS } from './entry-columns.js';
import { inOurWords, said } from './in-our-words.js';
import type { LedgerSnapshot } from './port.js';
import { readableExpressions, readRows } from './rows.js';
import type { SchemaName } from './schema-name.js';
import { SOURCE_SELECT } from './sources.js';

/** Tiles of 8 KiB in one statement. */
const TILES = 64;

/** One short transaction; what is read afterwards is below its head, where nothing changes. */
export async function takeSnapshot(pool: pg.Pool, schema: SchemaName): Promise<LedgerSnapshot> {
  const moment = await said(
    inTransaction(pool, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', async (client) => {
      const expressions = await readableExpressions(client, schema);
      const { head, root } = await readHeadAsItIs(client, schema);
      return {
        expressions,
        head,
        root,
        sourceHeads: await readAllSourceHeads(client, schema),
        beyond: await readBeyond(client, schema, expressions, head),
      };
    }),
  );
  const { head, root, sourceHeads, beyond, expressions } = moment;
  return {
    head,
    root,
    sourceHeads,
    beyond,
    rows: (from, to, filters) => inOurWords(readRows({ pool, schema, expressions }, from, to, filters)),
    tiles: (level, from, to) => inOurWords(readTiles(pool, schema, level, from, to)),
  };
}

/** Whatever the row says: verification judges it. NaN where it has no size. */
async function readHeadAsItIs(
  client: pg.ClientBase,
  schema: SchemaName,
): Promise<{ readonly head: Head; readonly root: string | null }> {
  const { rows } = await client.query<{ size: string | null; hash: string | null; root: string | null }>(
    `SELECT size::text AS size, encode(hash, 'hex') AS hash, encode(root, 'hex') AS root
     FROM ${schema}.head LIMIT 1`,
  );
  const { size = null, hash = null, root = null } = rows[0] ?? {};
  return { head: { size: size === null ? NaN : Number(size), hash: (hash ?? '') as Hash }, root };
}

async function readAllSourceHeads(
  client: pg.ClientBase,
  schema: SchemaName,
): Promise<readonly SourceHeadRow[]> {
  const { rows } = await client.query<SourceHeadRow>(
    `SELECT ${SOURCE_SELECT} FROM ${schema}.source AS s ORDER BY s.source`,
  );
  return rows;
}

/** Rows that the head does not cover: they are named, not read. */
async function readBeyond(
  client: pg.ClientBase,
  schema: SchemaName,
  expressions: readonly string[],
  { size }: Head,
): Promise<readonly EntryRow[]> {
  const select = ENTRY_COLUMNS.map(({ member, column }, i) => {
    const expression = column === 'data' || column === 'metadata' ? 'NULL' : (expressions[i] ?? 'NULL');
    return `${expression} AS "${member}"`;
  });
  const { rows } = await client.query<EntryRow>(
    `SELECT ${select.join(', ')} FROM ${schema}.entry
     WHERE entry.index >= $1 OR entry.index < 0 OR entry.index IS NULL LIMIT 1000`,
    [Number.isSafeInteger(size) ? size : 0],
  );
  return rows;
}

async function* readTiles(
  pool: pg.Pool,
  schema: SchemaName,
  level: number,
  from: number,
  to: number,
): AsyncGenerator<{ readonly index: number; readonly hashes: Buffer }> {
  for (let start = from; start < to; start += TILES) {
    const { rows } = await pool.query<{ index: string; hashes: Buffer }>({
      name: `tiles ${schema}`,
      text: `SELECT index, hashes FROM ${schema}.tile
        WHERE level = $1 AND index >= $2 AND index < $3 AND hashes IS NOT NULL ORDER BY index`,
      values: [level, start, Math.min(start + TILES, to)],
    });
    for (const { index, hashes } of rows) yield { index: Number(index), hashes };
  }
}
