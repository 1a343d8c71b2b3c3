/** Two ledgers row by row: where, and in which columns, they differ. */
import type { EntryRow } from '../ledger/row.js';
import { ENTRY_COLUMNS } from '../read-model/entry-columns.js';
import type { LedgerSnapshot } from '../read-model/port.js';

export interface RowDifference {
  readonly index: number;
  readonly id: string | null;
  readonly source: string | null;
  /** columns that differ; empty when one of the two has no such row, or several */
  readonly columns: readonly string[];
  readonly detail: string;
}

export interface Comparison {
  readonly compared: number;
  /** the first 100 */
  readonly differences: readonly RowDifference[];
  readonly differencesTotal: number;
}

const LISTED = 100;
/** Rows are read so many indexes at a time, of both ledgers, so that memory stays bounded. */
const STRIDE = 1_000;

/**
 * Compare the entries below `size` of two ledgers.
 * @param progress called with the number compared so far
 */
export async function compareLedgers(
  kept: LedgerSnapshot,
  rebuilt: LedgerSnapshot,
  size: number,
  progress: (compared: number) => void,
): Promise<Comparison> {
  const differences: RowDifference[] = [];
  let differencesTotal = 0;
  for (let from = 0; from < size; from += STRIDE) {
    const to = Math.min(from + STRIDE, size);
    const [ours, theirs] = await Promise.all([rowsOf(kept, from, to), rowsOf(rebuilt, from, to)]);
    for (let index = from; index < to; index += 1) {
      const difference = compareRows(index, ours.get(index) ?? [], theirs.get(index) ?? []);
      if (difference === null) continue;
      differencesTotal += 1;
      if (differences.length < LISTED) differences.push(difference);
    }
    progress(to);
  }
  return { compared: size, differences, differencesTotal };
}

type RowsByIndex = ReadonlyMap<number, readonly EntryRow[]>;

async function rowsOf(snapshot: LedgerSnapshot, from: number, to: number): Promise<RowsByIndex> {
  const rows = new Map<number, EntryRow[]>();
  for await (const page of snapshot.rows(from, to)) {
    for (const row of page) {
      const index = Number(row.index ?? NaN);
      rows.set(index, [...(rows.get(index) ?? []), row]);
    }
  }
  return rows;
}

function compareRows(
  index: number,
  kept: readonly EntryRow[],
  rebuilt: readonly EntryRow[],
): RowDifference | null {
  const [ours] = kept;
  const [theirs] = rebuilt;
  const { id = null, source = null } = ours ?? theirs ?? {};
  const place = { index, id, source };
  if (theirs === undefined) return { ...place, columns: [], detail: 'the log has no such event' };
  if (ours === undefined) return { ...place, columns: [], detail: 'the ledger has no such entry' };
  if (kept.length > 1)
    return { ...place, columns: [], detail: `the ledger has ${kept.length} rows at this index` };
  const columns = ENTRY_COLUMNS.map(({ member }) => member).filter(
    (column) => !same(ours[column], theirs[column]),
  );
  if (columns.length === 0) return null;
  return { ...place, columns, detail: `${columns.join(', ')} differ` };
}

function same(a: string | Buffer | null, b: string | Buffer | null): boolean {
  return Buffer.isBuffer(a) && Buffer.isBuffer(b) ? a.equals(b) : a === b;
}
