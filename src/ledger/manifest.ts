/**
 * The manifest: the last line of an export, which says what the export is of and what its bytes are.
 *
 * Unsigned it protects against accidents; against intent, a head that was noted elsewhere does.
 */
import { createHash } from 'node:crypto';
import type { Lines } from './exported.js';
import { isCount, isHash } from './header-form.js';
import { entryLines } from './line.js';
import type { IndexRange } from './range.js';
import type { Entry, Hash, Head } from './types.js';

export const EXPORT_FORMAT = 'event-ledger-export/1';

/** Filters come from a URL; this is several times what one may have. */
const MAX_MANIFEST_BYTES = 1_048_576;

/** What every manifest begins with. */
export const MANIFEST_OPENING = '{"manifest":';

/** The range is the one that was looked through. */
export interface ExportDescription extends IndexRange {
  /** the ledger's origin */
  readonly ledger: string;
  /** each query parameter with the array of its values as sent */
  readonly filters: Readonly<Record<string, readonly string[]>>;
  /** of the export's snapshot */
  readonly head: Head;
}

export interface Manifest extends ExportDescription {
  /** lines before the manifest */
  readonly count: number;
  /** of all bytes before the manifest's line, uncompressed */
  readonly sha256: Hash;
}

/** The manifest's line, without a line feed. */
export function manifestLine(manifest: Manifest): Buffer {
  const { ledger, filters, count, fromIndex, toIndex, head, sha256 } = manifest;
  const { size, hash } = head;
  const members = {
    format: EXPORT_FORMAT,
    ledger,
    filters,
    count,
    fromIndex,
    toIndex,
    head: { size, hash },
    sha256,
  };
  return Buffer.from(JSON.stringify({ manifest: members }));
}

export type ParsedManifest =
  { readonly ok: true; readonly manifest: Manifest } | { readonly ok: false; readonly problem: string };

/** Take a manifest's line apart, given without its line feed. Only what `manifestLine` writes is one. */
export function parseManifest(line: Buffer): ParsedManifest {
  if (line.length > MAX_MANIFEST_BYTES) return { ok: false, problem: 'longer than any manifest' };
  let parsed: unknown;
  try {
    parsed = JSON.parse(line.toString('utf8'));
  } catch {
    return { ok: false, problem: 'no JSON' };
  }
  const members = isRecord(parsed) ? parsed.manifest : undefined;
  if (!isRecord(members)) return { ok: false, problem: 'not an object' };
  const member = misfit(members);
  if (member !== null) return { ok: false, problem: `${member} is not what a manifest can have` };
  const manifest = members as unknown as Manifest;
  return manifestLine(manifest).equals(line)
    ? { ok: true, manifest }
    : { ok: false, problem: 'not in the form of a manifest, byte for byte' };
}

function misfit(members: Record<string, unknown>): string | null {
  const { format, ledger, filters, count, fromIndex, toIndex, head, sha256 } = members;
  if (format !== EXPORT_FORMAT) return 'format';
  if (typeof ledger !== 'string') return 'ledger';
  if (!isRecord(filters) || !Object.values(filters).every(isTextArray)) return 'filters';
  if (!isCount(count)) return 'count';
  if (!isCount(fromIndex)) return 'fromIndex';
  if (!isCount(toIndex)) return 'toIndex';
  if (!isRecord(head) || !isCount(head.size) || !isHash(head.hash)) return 'head';
  return isHash(sha256) ? null : 'sha256';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextArray(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string');
}

const LINE_FEED = Buffer.from('\n');

/** Writes an export: the line of each entry in turn, then the end. */
export class ExportWriter {
  private count = 0;
  private readonly sha256 = createHash('sha256');
  private readonly description: ExportDescription;

  constructor(description: ExportDescription) {
    this.description = description;
  }

  /** The entries' lines with their line feeds; entries come in the order of their indexes. */
  lines(entries: readonly Entry[]): Buffer {
    return this.take({ bytes: entryLines(entries), count: entries.length });
  }

  /** The same, where they were written already. */
  take({ bytes, count }: Lines): Buffer {
    this.sha256.update(bytes);
    this.count += count;
    return bytes;
  }

  /** The manifest's line with its line feed. Nothing can be written after it. */
  end(): Buffer {
    const sha256 = this.sha256.digest('hex') as Hash;
    return Buffer.concat([manifestLine({ ...this.description, count: this.count, sha256 }), LINE_FEED]);
  }
}

/** A head that was noted elsewhere, as `SIZE:HASH`; null for any other text. */
export function parseNotedHead(text: string): Head | null {
  const match = /^(0|[1-9][0-9]{0,15}):([0-9a-fA-F]{64})$/.exec(text.trim());
  const size = Number(match?.[1]);
  const hash = match?.[2]?.toLowerCase();
  return isCount(size) && isHash(hash) ? { size, hash } : null;
}
