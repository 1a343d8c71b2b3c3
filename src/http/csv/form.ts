/**
 * An export as CSV (RFC 4180), for people with spreadsheets. It proves nothing, and says so where whoever gets it sees it:
 * in the file's name, and in a header field with what a manifest says before the first entry is read.
 */
import { exported } from '../../ledger/exported.js';
import type { ExportDescription } from '../../ledger/manifest.js';
import type { EntryRow } from '../../ledger/row.js';
import type { Entry } from '../../ledger/types.js';
import { fileStem, type ExportForm } from '../export-form.js';
import { inStretches } from '../stretches.js';
import { csvRow } from './cell.js';
import { viewOf, type Column } from './columns.js';

/** RFC 4180, 3: in UTF-8, and the first row names the columns. */
export const CSV_TYPE = 'text/csv';
const CSV_MEDIA_TYPE = `${CSV_TYPE}; charset=utf-8; header=present`;

export const MANIFEST_HEADER = 'event-ledger-manifest';
const CSV_FORMAT = 'event-ledger-csv/1';

/** Excel takes a file without it for one in a character set of the last century, and spoils names without a word. */
const BYTE_ORDER_MARK = '\ufeff';

export function csvForm(description: ExportDescription, columns: readonly Column[]): ExportForm {
  const othersTurn = inStretches();
  let opening = BYTE_ORDER_MARK + csvRow(columns.map(({ name }) => name));
  const afterOpening = (rows: string): Buffer => {
    const text = opening + rows;
    opening = '';
    return Buffer.from(text);
  };
  const textOf = async (rows: readonly EntryRow[]): Promise<Buffer> => {
    const texts: string[] = [];
    for (const row of rows) {
      texts.push(rowOf(exported(row), columns));
      const turn = othersTurn();
      if (turn !== null) await turn;
    }
    return afterOpening(texts.join(''));
  };
  return {
    mediaType: CSV_MEDIA_TYPE,
    fileName: `${fileStem(description)}-not-evidence.csv`,
    headers: { [MANIFEST_HEADER]: manifestOf(description) },
    async *chunks({ snapshot, range, filters }) {
      for await (const rows of snapshot.rows(range.fromIndex, range.toIndex, filters)) {
        if (rows.length === 0) yield Buffer.alloc(0);
        else yield await textOf(rows);
      }
    },
    end: () => afterOpening(''),
  };
}

function rowOf(entry: Entry, columns: readonly Column[]): string {
  const view = viewOf(entry);
  return csvRow(columns.map(({ text }) => text(view)));
}

/** Clients and proxies take header fields of a few thousand bytes. */
const LONGEST_MANIFEST = 4_096;

/** In ASCII, as header fields are. Filters that are too long for it are null: the request has them. */
function manifestOf({ ledger, filters, fromIndex, toIndex, head }: ExportDescription): string {
  const { size, hash } = head;
  const withFilters = (given: typeof filters | null): string =>
    asciiJson({
      ...{ format: CSV_FORMAT, evidence: false, ledger, filters: given },
      ...{ fromIndex, toIndex, head: { size, hash } },
    });
  const manifest = withFilters(filters);
  return manifest.length <= LONGEST_MANIFEST ? manifest : withFilters(null);
}

function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
