/** Where the ledger ends, as the projector needs it to go on. */
import type pg from 'pg';
import { LedgerError } from '../ledger/error.js';
import { isHash } from '../ledger/header-form.js';
import { readCount } from '../ledger/row.js';
import { appendLeaves, EMPTY_TREE, rootOf, treeFromTiles, type TreeState } from '../ledger/tiles.js';
import type { Hash, Head, Position } from '../ledger/types.js';
import type { Logger } from './logger.js';
import type { LedgerState } from './port.js';
import type { SchemaName } from './schema-name.js';

interface HeadRow {
  readonly size: string | null;
  readonly hash: string | null;
  readonly root: string | null;
  readonly position: string | null;
}

interface StateRow extends HeadRow {
  readonly level: number;
  readonly hashes: Buffer | null;
}

/** Levels of tiles that a tree of 2^53 leaves has. */
const LEVELS = 7;

/**
 * Head, position and the tree's right edge, of one snapshot. When the tiles do not give the root that the head states,
 * the tree is computed from the entries: a cache never gets into the ledger.
 * @throws LedgerError `internal` when the head's row holds no head; else pg's own errors
 */
export async function readState(
  client: pg.ClientBase,
  schema: SchemaName,
  logger: Logger,
): Promise<LedgerState> {
  const { rows } = await client.query<StateRow>(
    `SELECT h.size, encode(h.hash, 'hex') AS hash, encode(h.root, 'hex') AS root, h.position,
       l.level, t.hashes
     FROM ${schema}.head AS h
     CROSS JOIN generate_series(0, ${LEVELS - 1}) AS l (level)
     LEFT JOIN ${schema}.tile AS t ON t.level = l.level AND t.index = h.size >> (8 * (l.level + 1))`,
  );
  const head = readHead(rows[0]);
  const tiles = new Map(rows.map(({ level, hashes }) => [level, hashes]));
  const tree =
    (await treeOfTiles(head, rows[0]?.root ?? null, (level) => tiles.get(level) ?? null)) ??
    (await treeOfEntries(client, schema, head, logger));
  return { head, position: (rows[0]?.position ?? null) as Position | null, tree };
}

/** @throws LedgerError `internal` when there is no row, or none that the ledger would write */
export function readHead(row: Pick<HeadRow, 'size' | 'hash'> | undefined): Head {
  const size = readCount(row?.size ?? null);
  if (size === null || !isHash(row?.hash)) {
    throw new LedgerError('internal', "the row of the ledger's head holds no head: verify the ledger");
  }
  return { size, hash: row.hash };
}

/** Null when the tiles are not those of the head. */
async function treeOfTiles(
  { size }: Head,
  root: string | null,
  tileOf: (level: number) => Buffer | null,
): Promise<TreeState | null> {
  try {
    const tree = await treeFromTiles(size, (level) => Promise.resolve(tileOf(level)));
    return rootOf(tree) === root ? tree : null;
  } catch (error) {
    if (error instanceof LedgerError) return null;
    throw error;
  }
}

const CHUNK = 65_536;

async function treeOfEntries(
  client: pg.ClientBase,
  schema: SchemaName,
  { size }: Head,
  logger: Logger,
): Promise<TreeState> {
  logger.warn({ size }, 'the tiles do not give the root of the head: computing the tree from the entries');
  let tree = EMPTY_TREE;
  while (tree.size < size) {
    const { rows } = await client.query<{ hash: Hash }>(
      `SELECT encode(hash, 'hex') AS hash FROM ${schema}.entry
       WHERE index >= $1 AND index < $2 ORDER BY index`,
      [tree.size, Math.min(tree.size + CHUNK, size)],
    );
    const hashes = rows.map(({ hash }) => hash);
    if (hashes.length !== Math.min(CHUNK, size - tree.size) || !hashes.every(isHash)) {
      throw new LedgerError('internal', 'entries are missing below the head: verify the ledger');
    }
    tree = appendLeaves(tree, hashes).tree;
  }
  return tree;
}
