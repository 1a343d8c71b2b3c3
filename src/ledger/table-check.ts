/**
 * Comparing the table itself with what its primary key gave. A walk reads through that index, and an index holds what it
 * was told to hold: a row that was put in while it was switched off is served by the other indexes, and no walk meets it.
 */
import { finding, MAX_FINDINGS, type FindingList } from './finding.js';
import { isCount } from './header-form.js';
import { IndexSet } from './index-set.js';
import { placeOfRow, type EntryRow } from './row.js';

/** Rows of the table, wherever they stand, by columns: an object for each would be garbage by the million. */
export interface PlacedRows {
  /** their places in the table, for `rowsAt` */
  readonly tuples: Float64Array;
  /** NaN for NULL and for what is no integer */
  readonly indexes: Float64Array;
}

/** How many entries of each verdict there are. */
export interface VerdictCounts {
  readonly accepted: number;
  readonly rejected: number;
  readonly duplicate: number;
}

/** How many rows an index of the tables answers with, and how many there are for it; or of a part of them. */
export interface IndexCount {
  readonly name: string;
  readonly expected: number;
  readonly found: number;
}

/** The tables as they are by now: what was appended since the snapshot is there too, and is no finding. */
export interface TableView {
  /** every row of the entry table, read from the table and through no index; good until the next are asked for */
  placed(): AsyncIterable<PlacedRows>;
  /** what such rows say of themselves, without data and metadata */
  rowsAt(tuples: readonly number[]): Promise<readonly EntryRow[]>;
  /** the head's size; NaN where it has none */
  size(): Promise<number>;
  /** indexes that are asked for each of the entries below `size` */
  lookUps(size: number): AsyncIterable<IndexCount>;
  /** indexes that are counted. @param below verdicts of the entries below the snapshot's size */
  counts(below: VerdictCounts): AsyncIterable<IndexCount>;
}

/**
 * Report every row that is not the only one at its index, or that the head does not cover. Holds one bit for each row.
 * @param known.reported indexes of which a further row is in a finding already
 * @param step what to yield after so many rows as come at once
 * @returns how many entries below `size` have a row
 */
export async function* checkTable<Step>(
  table: TableView,
  known: { readonly size: number; readonly reported: IndexSet; readonly findings: FindingList },
  step: () => Step,
): AsyncGenerator<Step, number, void> {
  const { size, reported, findings } = known;
  const below = new IndexSet();
  const since = new IndexSet();
  const stray: number[] = [];
  let strays = 0;
  let covered = size;
  for await (const { tuples, indexes } of table.placed()) {
    // read after the rows: it covers all of them that belong there
    if (indexes.some((index) => index >= covered)) covered = await table.size();
    for (const [row, index] of indexes.entries()) {
      const fits = isCount(index) && (index < covered || index < size);
      if (fits && ((index < size ? below : since).add(index) || reported.has(index))) continue;
      strays++;
      if (stray.length < MAX_FINDINGS) stray.push(tuples[row] ?? NaN);
    }
    yield step();
  }
  if (strays > 0) reportStrays(await table.rowsAt(stray), { strays, size: covered }, findings);
  return below.size;
}

function reportStrays(
  rows: readonly EntryRow[],
  { strays, size }: { readonly strays: number; readonly size: number },
  findings: FindingList,
): void {
  for (const row of rows) {
    const { index, id, source } = placeOfRow(row);
    const at = Number(row.index ?? NaN);
    const detail =
      index !== null && index < size
        ? 'one of several rows at this index, of which the primary key holds one'
        : `the head covers ${size} entries`;
    const place = { index: Number.isSafeInteger(at) ? at : null, id, source };
    findings.add(finding(place, { code: 'unexpected-entry', found: row.hash, detail }));
  }
  findings.addUnlisted(strays - rows.length);
}

/** What each index answered with, part by part. */
export class IndexAnswers {
  readonly #totals = new Map<string, { readonly expected: number; readonly found: number }>();

  add({ name, expected, found }: IndexCount): void {
    const total = this.#totals.get(name) ?? { expected: 0, found: 0 };
    this.#totals.set(name, { expected: total.expected + expected, found: total.found + found });
  }

  /** Report every index that does not answer with all rows that it is for. */
  report(findings: FindingList): void {
    for (const [name, { expected, found }] of this.#totals) {
      if (expected === found) continue;
      const detail = `the index ${name} does not hold exactly the rows that it is for: queries through it lie`;
      const counts = { expected: `${expected} rows`, found: `${found} rows` };
      findings.add(finding({}, { code: 'index-mismatch', ...counts, detail }));
    }
  }
}
