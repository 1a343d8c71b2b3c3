/** The forms that an export can have. */
import { linesOf, type Lines } from '../ledger/exported.js';
import { ExportWriter, type ExportDescription } from '../ledger/manifest.js';
import type { IndexRange } from '../ledger/range.js';
import type { EventFilters, LedgerSnapshot } from '../read-model/port.js';
import { NDJSON_TYPE } from './documents.js';

/** What is exported. */
export interface ExportedRows {
  readonly snapshot: Pick<LedgerSnapshot, 'rows' | 'apart'>;
  readonly range: IndexRange;
  readonly filters: EventFilters;
}

export interface ExportForm {
  readonly mediaType: string;
  /** of the file that a browser makes of it */
  readonly fileName: string;
  /** header fields besides */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The entries' bytes in index order, before the first whatever comes before them. Some are empty: where nothing matches for
   * long, who asked can leave all the same.
   */
  chunks(exported: ExportedRows): AsyncIterable<Buffer>;
  /** what comes after the last one, or where there is none; may be empty */
  end(): Buffer;
}

/** Lines and a manifest: what can be verified. */
export function linesForm(description: ExportDescription): ExportForm {
  const writer = new ExportWriter(description);
  return {
    mediaType: NDJSON_TYPE,
    fileName: `${fileStem(description)}.jsonl`,
    headers: {},
    async *chunks(exported) {
      for await (const lines of linesFrom(exported)) yield writer.take(lines);
    },
    end: () => writer.end(),
  };
}

async function* linesFrom({ snapshot, range, filters }: ExportedRows): AsyncGenerator<Lines, void, void> {
  const { fromIndex, toIndex } = range;
  const apart = snapshot.apart?.(toIndex - fromIndex) ?? null;
  if (apart !== null) yield* apart.lines(fromIndex, toIndex, filters);
  else for await (const rows of snapshot.rows(fromIndex, toIndex, filters)) yield linesOf(rows);
}

/** Every export's file says of which range it is. */
export function fileStem({ fromIndex, toIndex }: ExportDescription): string {
  return `event-ledger-${fromIndex}-${toIndex}`;
}
