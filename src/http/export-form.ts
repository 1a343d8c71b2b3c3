/** The forms that an export can have. */
import { ExportWriter, type ExportDescription } from '../ledger/manifest.js';
import type { Entry } from '../ledger/types.js';
import { NDJSON_TYPE } from './documents.js';

export interface ExportForm {
  readonly mediaType: string;
  /** of the file that a browser makes of it */
  readonly fileName: string;
  /** header fields besides */
  readonly headers: Readonly<Record<string, string>>;
  /** of the next entries, in index order, and at first whatever comes before them */
  chunk(entries: readonly Entry[]): Buffer | Promise<Buffer>;
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
    chunk: (entries) => writer.lines(entries),
    end: () => writer.end(),
  };
}

/** Every export's file says of which range it is. */
export function fileStem({ fromIndex, toIndex }: ExportDescription): string {
  return `event-ledger-${fromIndex}-${toIndex}`;
}
