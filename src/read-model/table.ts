/**
 * The entry table read as it lies there: what verification holds against the rows that the primary key gave. In short
 * transactions. Rejections are node-postgres' own.
 */
import type pg from 'pg';
import { LedgerError } from '../ledger/error.js';
import type { EntryRow } from '../ledger/row.js';
import type { PlacedRows } from '../ledger/table-check.js';
import { eachElement } from '../postgres/binary-value.js';
import { copyOut } from '../postgres/copy-out.js';
import { inTransaction } from '../postgres/pool.js';
import { decodeRow, ENTRY_COLUMNS } from './entry-columns.js';
import type { SchemaName } from './schema-name.js';

export const READ_ONLY = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

/** Tables are read themselves until the transaction's end, whatever indexes there are: by places, where those are named. */
export const THROUGH_NO_INDEX = `SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off;
  SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_tidscan = on;
  SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL synchronize_seqscans = off`;

/** The same through indexes, where there is one for it. */
export const THROUGH_INDEXES = `SET LOCAL enable_indexscan = on; SET LOCAL enable_indexonlyscan = on;
  SET LOCAL enable_bitmapscan = on; SET LOCAL enable_seqscan = off`;

/** The memory for them, 128 KiB, is used again. */
const ROWS_AT_ONCE = 8_192;

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
): AsyncGenerator<PlacedRows> {
  const room = { tuples: new Float64Array(atOnce), indexes: new Float64Array(atOnce) };
  for (let last = BEFORE_ALL; ;) {
    const count = await inTransaction(pool, READ_ONLY, async (client) => {
      await client.query(THROUGH_NO_INDEX);
      return placedAfter(client, schema, last, room);
    });
    const rows = { tuples: room.tuples.subarray(0, count), indexes: room.indexes.subarray(0, count) };
    if (count > 0) yield rows;
    if (count < atOnce) return;
    last = rows.tuples.at(-1) ?? last;
  }
}

/**
 * All of them as two arrays: a message for each row would take four times as long.
 * @param room for as many as are read
 * @returns how many there are
 * @throws LedgerError `internal` when rows do not come in the order in which they lie: some would never come
 */
async function placedAfter(
  client: pg.ClientBase,
  schema: SchemaName,
  last: number,
  { tuples, indexes }: PlacedRows,
): Promise<number> {
  const after = last === BEFORE_ALL ? "entry.ctid >= '(0,0)'::tid" : `entry.ctid > '${tidOf(last)}'::tid`;
  let count = 0;
  await copyOut(
    client,
    `SELECT array_agg(placed.ctid), array_agg(placed.index)
     FROM (SELECT entry.ctid, entry.index FROM ${schema}.entry WHERE ${after} LIMIT ${tuples.length}) AS placed`,
    (copied) => {
      const [places, values] = [copied.bytes() ?? NONE, copied.bytes() ?? NONE];
      let before = last;
      eachElement(places, (from, to) => {
        const tuple =
          to - from === 6 ? places.readUInt32BE(from) * PLACES + places.readUInt16BE(from + 4) : NaN;
        if (!(tuple > before)) {
          throw new LedgerError('internal', 'the entry table is not read in the order in which its rows lie');
        }
        before = tuples[count++] = tuple;
      });
      let row = 0;
      eachElement(values, (from, to) => (indexes[row++] = integer(values, from, to)));
      indexes.fill(NaN, row);
      return true;
    },
  );
  return count;
}

const NONE = Buffer.alloc(0);

/** Not exact beyond 2^53, where no entry's index is. */
function integer(bytes: Buffer, from = 0, to = bytes.length): number {
  return to - from === 8 ? bytes.readInt32BE(from) * 2 ** 32 + bytes.readUInt32BE(from + 4) : NaN;
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
    sizes.push(integer(copied.bytes() ?? NONE));
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
