/** Entries on their way into an export. */
import { LedgerError } from './error.js';
import { entryLines } from './line.js';
import { readEntryRow, type EntryRow } from './row.js';
import type { Entry } from './types.js';

/** Lines of so many entries, each with its line feed. */
export interface Lines {
  readonly bytes: Buffer;
  readonly count: number;
}

const NO_LINES: Lines = { bytes: Buffer.alloc(0), count: 0 };

/** @throws LedgerError `internal` for a row that holds no entry */
export function linesOf(rows: readonly EntryRow[]): Lines {
  return rows.length === 0 ? NO_LINES : { bytes: entryLines(rows.map(exported)), count: rows.length };
}

/** @throws LedgerError `internal` for a row that holds none */
export function exported(row: EntryRow): Entry {
  const read = readEntryRow(row);
  if (read.ok) return read.entry;
  const { index, detail } = read.finding;
  throw new LedgerError(
    'internal',
    `entry ${index ?? row.index ?? '?'} cannot be exported (${detail ?? 'unreadable'}): verify the ledger`,
  );
}
