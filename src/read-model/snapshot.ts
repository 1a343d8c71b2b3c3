/**
 * The ledger at one moment, for verification and export. What is read for them comes as the bytes that are stored (see
 * entry-columns.ts). Rejections are LedgerErrors.
 */
import type pg from 'pg';
import { MAX_FINDINGS, type Finding } from '../ledger/finding.js';
import { isCount } from '../ledger/header-form.js';
import { IndexSet } from '../ledger/index-set.js';
import { HASH_BYTES } from '../ledger/merkle.js';
import type { EntryRow, SourceHeadRow } from '../ledger/row.js';
import { TILE_BYTES, type StoredTile, type SurplusTile, type SurplusTiles } from '../ledger/tile-check.js';
import { hashesInTile, rightmostTiles } from '../ledger/tiles.js';
import type { Hash, Head } from '../ledger/types.js';
import { bigintText, hexText, millisecondsText, plainText } from '../postgres/binary-value.js';
import { copyOut } from '../postgres/copy-out.js';
import { inTransaction } from '../postgres/pool.js';
import { TYPE } from '../postgres/type.js';
import type { ApartReader } from './apart.js';
import { checkColumns, type Column } from './columns.js';
import { ENTRY_COLUMNS } from './entry-columns.js';
import { inOurWords, said } from './in-our-words.js';
import { countEach, lookUpEach } from './indexes.js';
import type { LedgerSnapshot } from './port.js';
import { readRows } from './rows.js';
import type { SchemaName } from './schema-name.js';
import {
  readHeaders,
  readPlaced,
  readRowsAt,
  readSizeNow,
  THROUGH_INDEXES,
  THROUGH_NO_INDEX,
} from './table.js';

/** Tiles in one statement. */
const TILES = 64;

/** One short transaction; what is read afterwards is below its head, where nothing changes. */
export async function takeSnapshot(
  pool: pg.Pool,
  schema: SchemaName,
  apart: ApartReader,
): Promise<LedgerSnapshot> {
  const { expressions, ...moment } = await said(
    inTransaction(pool, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', (client) =>
      readMoment(client, schema),
    ),
  );
  return {
    ...moment,
    rows: (from, to, filters) => inOurWords(readRows({ pool, schema, expressions }, from, to, filters)),
    apart: (entries) => (apart.isWorth(entries) ? apart.rows(expressions) : null),
    tiles: (level, from, to) => inOurWords(readTiles(pool, schema, level, from, to)),
    table: {
      placed: () => inOurWords(readPlaced(pool, schema)),
      rowsAt: (tuples) => said(readRowsAt(pool, schema, expressions, tuples)),
      size: () => said(readSizeNow(pool, schema)),
      lookUps: (size) => inOurWords(lookUpEach(pool, schema, size)),
      counts: (below) => inOurWords(countEach(pool, schema, below)),
    },
  };
}

type Moment = Omit<LedgerSnapshot, 'rows' | 'apart' | 'tiles' | 'table'> & {
  readonly expressions: readonly string[];
};

async function readMoment(client: pg.ClientBase, schema: SchemaName): Promise<Moment> {
  const findings: Finding[] = [];
  const check = async (table: string, columns: readonly Column[]): Promise<readonly string[]> => {
    const checked = await checkColumns(client, schema, table, columns);
    findings.push(...checked.findings);
    return checked.expressions;
  };
  await client.query(THROUGH_NO_INDEX);
  const expressions = await check('entry', ENTRY_COLUMNS);
  const stated = await readHeadAsItIs(client, schema, await check('head', HEAD_COLUMNS));
  const sourceHeads = await readAllSourceHeads(client, schema, await check('source', SOURCE_COLUMNS));
  const surplusTiles = await readSurplusTiles(client, schema, await check('tile', TILE_COLUMNS), stated.head);
  // the whole table would be read for them otherwise; verification of the whole ledger does so
  await client.query(THROUGH_INDEXES);
  const beyond = await readBeyond(client, schema, expressions, stated.head);
  return { ...stated, expressions, sourceHeads, surplusTiles, beyond, columns: findings };
}

const HEAD_COLUMNS: readonly Column[] = [
  { column: 'size', type: TYPE.bigint },
  { column: 'hash', type: TYPE.bytea },
  { column: 'root', type: TYPE.bytea },
];

/** Whatever the row says: verification judges it. NaN where there is no size, or not one row. */
async function readHeadAsItIs(
  client: pg.ClientBase,
  schema: SchemaName,
  expressions: readonly string[],
): Promise<{ readonly head: Head; readonly root: string | null }> {
  const heads: { readonly head: Head; readonly root: string | null }[] = [];
  await copyOut(client, `SELECT ${expressions.join(', ')} FROM ${schema}.head LIMIT 2`, (copied) => {
    const size = bigintText(copied.bytes());
    const hash = hexText(copied.bytes()) ?? '';
    heads.push({
      head: { size: size === null ? NaN : Number(size), hash: hash as Hash },
      root: hexText(copied.bytes()),
    });
    return true;
  });
  const [first] = heads;
  return first !== undefined && heads.length === 1
    ? first
    : { head: { size: NaN, hash: '' as Hash }, root: null };
}

const SOURCE_COLUMNS: readonly Column[] = [
  { column: 'source', type: TYPE.text },
  { column: 'count', type: TYPE.bigint },
  { column: 'last_revision', type: TYPE.bigint },
  { column: 'last_hash', type: TYPE.bytea },
  { column: 'last_index', type: TYPE.bigint },
  { column: 'first_recorded_at', type: TYPE.timestamptz },
  { column: 'last_recorded_at', type: TYPE.timestamptz },
];

async function readAllSourceHeads(
  client: pg.ClientBase,
  schema: SchemaName,
  expressions: readonly string[],
): Promise<readonly SourceHeadRow[]> {
  const rows: SourceHeadRow[] = [];
  await copyOut(client, `SELECT ${expressions.join(', ')} FROM ${schema}.source`, (copied) => {
    rows.push({
      source: plainText(copied.bytes()),
      count: bigintText(copied.bytes()),
      lastRevision: bigintText(copied.bytes()),
      lastHash: hexText(copied.bytes()),
      lastIndex: bigintText(copied.bytes()),
      firstRecordedAt: millisecondsText(copied.bytes()),
      lastRecordedAt: millisecondsText(copied.bytes()),
    });
    return true;
  });
  return rows;
}

/** Rows that the head does not cover: they are named, not read. */
async function readBeyond(
  client: pg.ClientBase,
  schema: SchemaName,
  expressions: readonly string[],
  { size }: Head,
): Promise<readonly EntryRow[]> {
  const from = Number.isSafeInteger(size) ? size : 0;
  const outside = `entry.index >= ${from} OR entry.index < 0 OR entry.index IS NULL`;
  return readHeaders(client, schema, expressions, `${outside} LIMIT ${MAX_FINDINGS}`);
}

const TILE_COLUMNS: readonly Column[] = [
  { column: 'level', type: TYPE.smallint },
  { column: 'index', type: TYPE.bigint },
  { column: 'hashes', type: TYPE.bytea },
];

/** Tiles that the tree of the head does not have, a second one at a place, and those with more hashes than it has. */
async function readSurplusTiles(
  client: pg.ClientBase,
  schema: SchemaName,
  [levels = '', indexes = '', hashes = '']: readonly string[],
  { size }: Head,
): Promise<SurplusTiles> {
  const first: SurplusTile[] = [];
  let total = 0;
  if (!isCount(size)) return { first, total };
  const surplus = (tile: SurplusTile): void => {
    total++;
    if (first.length < MAX_FINDINGS) first.push(tile);
  };
  const met = new Map<number, IndexSet>();
  await copyOut(client, `SELECT ${levels}, ${indexes} FROM ${schema}.tile`, (copied) => {
    const [level, index] = [smallint(copied.bytes()), Number(bigintText(copied.bytes()) ?? NaN)];
    const set = met.get(level) ?? new IndexSet();
    met.set(level, set);
    if (hashesInTile(size, level, index) === 0 || !set.add(index)) surplus({ level, index, hashes: null });
    return true;
  });
  const partial = rightmostTiles(size).map(
    ({ level, index }) => `(${levels} = ${level} AND ${indexes} = ${index})`,
  );
  if (partial.length === 0) return { first, total };
  const rightmost = `SELECT ${levels}, ${indexes}, ${hashes} FROM ${schema}.tile WHERE ${partial.join(' OR ')}`;
  await copyOut(client, rightmost, (copied) => {
    const [level, index] = [smallint(copied.bytes()), Number(bigintText(copied.bytes()) ?? NaN)];
    const found = Math.floor((copied.bytes()?.length ?? 0) / HASH_BYTES);
    if (found > hashesInTile(size, level, index)) surplus({ level, index, hashes: found });
    return true;
  });
  return { first, total };
}

/** NaN for NULL and for what is none. */
function smallint(field: Buffer | null): number {
  return field?.length === 2 ? field.readInt16BE() : NaN;
}

/** Tiles whose hashes are good until the next are asked for: they lie in the same memory. */
async function* readTiles(
  pool: pg.Pool,
  schema: SchemaName,
  level: number,
  from: number,
  to: number,
): AsyncGenerator<StoredTile> {
  const room = Buffer.allocUnsafeSlow(TILES * TILE_BYTES);
  for (let start = from; start < to; start += TILES) {
    const end = Math.min(start + TILES, to);
    const tiles: StoredTile[] = [];
    await inTransaction(pool, 'BEGIN READ ONLY', (client) =>
      copyOut(
        client,
        `SELECT tile.index, tile.hashes FROM ${schema}.tile
         WHERE tile.level = ${level} AND tile.index >= ${start} AND tile.index < ${end} ORDER BY tile.index`,
        (copied) => {
          const index = Number(bigintText(copied.bytes()));
          const hashes = copied.bytes();
          if (hashes !== null)
            tiles.push({ index, hashes: putInto(room, tiles.length * TILE_BYTES, hashes) });
          return true;
        },
      ),
    );
    yield* tiles;
  }
}

/** @returns bytes where they were put, or where they are when there is no room for them */
function putInto(room: Buffer, at: number, bytes: Buffer): Buffer {
  if (bytes.length > TILE_BYTES || at + bytes.length > room.length) return bytes;
  bytes.copy(room, at);
  return room.subarray(at, at + bytes.length);
}
