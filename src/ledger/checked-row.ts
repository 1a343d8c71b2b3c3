/**
 * What can be said of a row by itself, whatever stands before it: most of verification's work, which can be done in
 * another thread. Rows with which anything is wrong are handed on as they are, and the walk looks at them.
 */
import { checkEntry } from './entry-check.js';
import { readEntryRow, type EntryRow } from './row.js';
import type { Hash, Header } from './types.js';

/** What following the chains needs of a header. */
export type Link = Pick<
  Header,
  'index' | 'id' | 'source' | 'revision' | 'verdict' | 'recordedAt' | 'previous' | 'previousInSource'
>;

/** An entry whose content, metadata and hash were recomputed, and are what it says. */
export interface FaultlessEntry {
  readonly header: Link;
  readonly hash: Hash;
}

export type CheckedRow =
  { readonly faultless: FaultlessEntry } | { readonly faultless: null; readonly row: EntryRow };

export function checkRow(row: EntryRow): CheckedRow {
  const read = readEntryRow(row);
  if (!read.ok) return { faultless: null, row };
  const { header, hash, data, metadata } = read.entry;
  const { differences } = checkEntry({ header, hash, content: { data, metadata } });
  return differences.length === 0 ? { faultless: { header, hash } } : { faultless: null, row };
}

export async function* checkedRows(
  arrays: AsyncIterable<readonly EntryRow[]>,
): AsyncGenerator<readonly CheckedRow[], void, void> {
  for await (const rows of arrays) yield rows.map(checkRow);
}
