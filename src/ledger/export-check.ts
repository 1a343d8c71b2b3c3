/**
 * Checking an export offline: with nothing but its bytes, and a head that was noted elsewhere if there is one.
 */
import { ExportEntries } from './export-entries.js';
import { coverageOf, type Coverage } from './export-filters.js';
import { finding, type Difference, type Finding } from './finding.js';
import { startsWith } from './line.js';
import { LineContents } from './line-contents.js';
import { MANIFEST_OPENING, parseManifest, type Manifest } from './manifest.js';
import { clipRange } from './range.js';
import { ScopedFindings } from './scoped-findings.js';
import { NO_HASH, type Hash, type Head } from './types.js';

/** An event log takes records of 16 MiB at most, which Base64 makes a third longer. */
const MAX_LINE_BYTES = 33_554_432;

const LINE_FEED = 0x0a;

export interface ExportCheckOptions {
  /** the ledger's head as somebody noted it elsewhere */
  readonly head?: Head;
  /** longer lines are not read; 32 MiB unless given */
  readonly maxLineBytes?: number;
}

export interface ExportReport {
  /** the file is whole, everything in it was read, and nothing was found */
  readonly intact: boolean;
  /** lines besides the manifest */
  readonly count: number;
  /** entries whose content was withheld: their headers alone were checked */
  readonly unread: number;
  /** the first 1,000, in the order of their lines */
  readonly findings: readonly Finding[];
  readonly findingsTotal: number;
  /** null when the file does not end with one */
  readonly manifest: Manifest | null;
  /** what the file can be complete about; null without a manifest */
  readonly coverage: Coverage | null;
  /** the head it was held to, and what in the file that was compared with; null when none was given */
  readonly head: (Head & { readonly comparedWith: 'line' | 'manifest' | null }) | null;
}

/**
 * Takes the bytes of a file in chunks of any size, then says what it found. Takes whatever bytes there are, and
 * never throws; memory is bounded by the longest line and the number of sources.
 */
export class ExportChecker {
  private readonly findings = new ScopedFindings();
  private readonly entries: ExportEntries;
  private readonly options: ExportCheckOptions;
  private readonly maxLineBytes: number;
  private readonly contents = new LineContents();
  /** the line being read: its pieces so far, none of them kept when it is too long */
  private pieces: Buffer[] = [];
  private length = 0;
  private lines = 0;
  private manifest: Manifest | null = null;
  private manifestLine = 0;

  constructor(options: ExportCheckOptions = {}) {
    this.options = options;
    this.maxLineBytes = options.maxLineBytes ?? MAX_LINE_BYTES;
    this.entries = new ExportEntries(
      this.findings,
      options.head === undefined ? null : options.head.size - 1,
    );
  }

  /**
   * The next bytes of the file, uncompressed. They may be overwritten afterwards.
   * @param contents what LineContents told of the same bytes, which it was given in the same pieces
   */
  write(chunk: Uint8Array, contents = this.contents.take(bufferOf(chunk))): void {
    const bytes = bufferOf(chunk);
    let from = 0;
    let ended = 0;
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, from)) {
      this.endLine(bytes.subarray(from, end), contents[ended++] ?? null);
      from = end + 1;
    }
    if (from < bytes.length) this.keep(Buffer.from(bytes.subarray(from)));
  }

  /**
   * After the last byte.
   * @param digest that of LineContents
   */
  end(digest = this.contents.digest()): ExportReport {
    if (this.length > 0) {
      this.endLine(Buffer.alloc(0), null);
      this.report({ code: 'malformed-line', detail: 'does not end in a line feed' }, this.lines);
    }
    if (this.manifest !== null) this.checkManifest(this.manifest, digest);
    else if (this.manifestLine === 0) {
      this.report({ code: 'manifest-mismatch', detail: 'the file does not end with a manifest: it was cut' });
    }
    const head = this.checkNotedHead();
    const coverage = this.manifest === null ? null : coverageOf(this.manifest.filters);
    const { findings, findingsTotal } = this.findings.of({
      coverage: coverage ?? 'some',
      fromStart: this.manifest?.fromIndex === 0,
    });
    const { count, unread } = this.entries;
    return {
      intact: findingsTotal === 0 && unread === 0,
      count,
      unread,
      findings,
      findingsTotal,
      manifest: this.manifest,
      coverage,
      head,
    };
  }

  // ------------------------------------------------------------------------------------------- lines

  private get isTooLong(): boolean {
    return this.length > this.maxLineBytes;
  }

  private keep(piece: Buffer): void {
    this.length += piece.length;
    this.pieces.push(piece);
    if (this.isTooLong) this.pieces = [];
  }

  /** @param rest of the line, without its line feed */
  private endLine(rest: Buffer, contentHash: Hash | null): void {
    this.keep(rest);
    this.lines++;
    if (this.isTooLong) {
      this.entries.malformed(this.lines, `longer than ${this.maxLineBytes} bytes`);
    } else {
      this.line(this.pieces.length === 1 ? rest : Buffer.concat(this.pieces), contentHash);
    }
    this.pieces = [];
    this.length = 0;
  }

  private line(bytes: Buffer, contentHash: Hash | null): void {
    if (this.manifestLine > 0) {
      this.report({ code: 'manifest-mismatch', detail: 'a line after the manifest' }, this.lines);
    } else if (startsWith(bytes, 0, MANIFEST_OPENING)) {
      this.readManifest(bytes);
    } else {
      this.entries.line(bytes, this.lines, contentHash);
    }
  }

  private readManifest(bytes: Buffer): void {
    this.manifestLine = this.lines;
    const parsed = parseManifest(bytes);
    if (parsed.ok) this.manifest = parsed.manifest;
    else this.report({ code: 'manifest-mismatch', detail: `manifest: ${parsed.problem}` }, this.lines);
  }

  // ---------------------------------------------------------------------------------------- manifest

  private checkManifest(manifest: Manifest, digest: string): void {
    const { fromIndex, toIndex, count, head, filters, sha256 } = manifest;
    const states = (member: string, expected: string | number, found: string | number) => {
      if (expected === found) return;
      const difference = {
        expected: String(expected),
        found: String(found),
        detail: `the manifest's ${member}`,
      };
      this.report({ code: 'manifest-mismatch', ...difference }, this.manifestLine);
    };
    states('count', this.entries.count, count);
    states('sha256', digest, sha256);
    const asked = clipRange(
      { fromIndex: onlyNumber(filters.fromIndex), toIndex: onlyNumber(filters.toIndex) },
      head.size,
    );
    states('fromIndex', asked.fromIndex, fromIndex);
    states('toIndex', asked.toIndex, toIndex);
    this.entries.end(manifest, this.manifestLine);

    const { last } = this.entries;
    const possible = head.size === 0 ? [NO_HASH] : last?.index === head.size - 1 ? last.hashes : [head.hash];
    if (possible.includes(head.hash)) return;
    const detail = "the manifest's head";
    this.report(
      { code: 'head-mismatch', expected: possible[0] ?? null, found: head.hash, detail },
      this.manifestLine,
      last?.index,
    );
  }

  /** Hold the file to the head that was noted elsewhere. */
  private checkNotedHead(): ExportReport['head'] {
    const { head } = this.options;
    if (head === undefined) return null;
    const { noted } = this.entries;
    const index = head.size === 0 ? undefined : head.size - 1;
    const stated = this.manifest?.head.size === head.size ? this.manifest.head.hash : null;
    const detail = 'the head that was noted elsewhere';
    if (noted !== null && noted.hashes[0] !== head.hash) {
      const found = noted.hashes[0] ?? null;
      this.report({ code: 'head-mismatch', expected: head.hash, found, detail }, noted.line, index);
    }
    if (stated !== null && stated !== head.hash) {
      this.report(
        { code: 'head-mismatch', expected: head.hash, found: stated, detail },
        this.manifestLine,
        index,
      );
    }
    if (noted === null && stated === null) {
      this.report({ code: 'head-not-covered', expected: head.hash, detail }, undefined, index);
    }
    return { ...head, comparedWith: noted !== null ? 'line' : stated !== null ? 'manifest' : null };
  }

  private report(difference: Difference, line?: number, index?: number): void {
    const place = { ...(line === undefined ? {} : { line }), ...(index === undefined ? {} : { index }) };
    this.findings.add('always', finding(place, difference));
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The number that a query parameter was given once as; undefined for anything else. */
function onlyNumber(values: readonly string[] | undefined): number | undefined {
  const [text] = values ?? [];
  if (values?.length !== 1 || text === undefined || !/^(?:0|[1-9]\d{0,15})$/.test(text)) return undefined;
  return Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
}
