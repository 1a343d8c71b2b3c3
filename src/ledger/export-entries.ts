/** Following the entry lines of an export, before anything is known of its filters. */
import { checkEntry, previousDifference, type Predecessor } from './entry-check.js';
import { FilterEvidence } from './export-filters.js';
import { finding, type Place } from './finding.js';
import { parseLine } from './line.js';
import type { Manifest } from './manifest.js';
import type { Scope, ScopedFindings } from './scoped-findings.js';
import { SourceTrails } from './source-trail.js';
import type { Hash, Header } from './types.js';

/** An entry line: the hash it states, and the one its header gives. */
export interface EntryLine {
  readonly index: number;
  readonly line: number;
  readonly hashes: readonly Hash[];
}

const CARRIAGE_RETURN = 0x0d;

/** In memory that grows only with the number of sources. */
export class ExportEntries {
  /** lines that are not the manifest's */
  count = 0;
  /** entries whose content was withheld */
  unread = 0;
  first: EntryLine | null = null;
  /** of those whose indexes rise */
  last: EntryLine | null = null;
  /** the line of the entry whose hash was noted elsewhere */
  noted: EntryLine | null = null;
  readonly findings: ScopedFindings;
  private readonly notedIndex: number | null;
  private readonly trails = new SourceTrails();
  private readonly evidence = new FilterEvidence();
  private before: Predecessor | null = null;
  /** lines since the last entry that could not be read: each may be one that seems to be missing */
  private unreadable = 0;
  /** how many entries had been followed when an index was last skipped, −1 for never */
  private skippedAt = -1;

  constructor(findings: ScopedFindings, notedIndex: number | null) {
    this.findings = findings;
    this.notedIndex = notedIndex;
  }

  /** A line that is not even read. */
  malformed(line: number, detail: string): void {
    this.count++;
    this.unreadable++;
    this.lose();
    this.findings.add('always', finding({ line }, { code: 'malformed-line', detail }));
  }

  /**
   * The next line, without its line feed.
   * @param contentHash of its content, where LineContents told it
   */
  line(bytes: Buffer, line: number, contentHash: Hash | null): void {
    const parsed = parseLine(bytes, contentHash !== null);
    if (!parsed.ok) {
      this.malformed(line, blankOrReturn(bytes) ?? parsed.problem);
      return;
    }
    this.count++;
    const { header, hash, content } = parsed.entry;
    const { index, id, source } = header;
    const place = { index, id, source, line };
    if (!this.rises(index, place)) return;

    const check = checkEntry(parsed.entry, contentHash);
    if (content === null) this.unread++;
    for (const difference of check.differences) this.findings.add('always', finding(place, difference));
    const previous = previousDifference(header, this.before);
    if (previous !== null) this.findings.add('always', finding(place, previous));
    this.followSource(header, place);
    this.last = { index, line, hashes: check.sound ? [hash] : [hash, check.hash] };
    this.first ??= this.last;
    if (index === this.notedIndex) this.noted = this.last;
    if (!check.sound) {
      this.lose();
      return;
    }
    this.trails.follow(header, hash);
    this.before = { index, hash };
    this.evidence.note(header, check.subject, place);
  }

  /** What only the manifest makes a finding: entries outside of its range or filters, or missing from them. */
  end(manifest: Manifest, line: number): void {
    const { fromIndex, toIndex, filters } = manifest;
    this.findings.add('always', ...this.evidence.findings(filters));
    const outside = [this.first, this.last].filter(
      (entry) => entry !== null && (entry.index < fromIndex || entry.index >= toIndex),
    );
    for (const entry of new Set(outside)) {
      const detail = `outside of the manifest's range, ${fromIndex} to ${toIndex}`;
      if (entry !== null) this.findings.add('always', finding(entry, { code: 'manifest-mismatch', detail }));
    }
    if (this.first === null || this.last === null) {
      this.missing(fromIndex, toIndex, { line });
      return;
    }
    this.missing(fromIndex, this.first.index, { line: this.first.line }, this.first.line - 1);
    this.missing(this.last.index + 1, toIndex, { line });
  }

  /** Whether this index comes after all those before; if not, a finding. */
  private rises(index: number, place: Place): boolean {
    const { last } = this;
    if (last !== null && index <= last.index) {
      const detail = `after index ${last.index} in line ${last.line}`;
      this.findings.add('always', finding(place, { code: 'unexpected-entry', detail }));
      return false;
    }
    const expected = last === null ? 0 : last.index + 1;
    if (index > expected) this.skippedAt = this.trails.followed;
    // what may be missing before the first line depends on the range
    if (last !== null) this.missing(expected, index, place);
    this.unreadable = 0;
    return true;
  }

  private missing(from: number, to: number, { line }: Place, unreadable = this.unreadable): void {
    if (to - from <= unreadable) return;
    this.findings.addRun('all', from, to, (index) =>
      finding({ index, ...(line === undefined ? {} : { line }) }, { code: 'missing-entry' }),
    );
  }

  private followSource(header: Header, place: Place): void {
    const step = this.trails.compare(header);
    const found = header.previousInSource;
    switch (step.kind) {
      case 'follows':
        return;
      case 'first':
        if (found === null || step.doubtful) return;
        if (header.index === 0) this.broken('always', place, null, found, 'the first entry of all');
        else {
          const scope = this.skippedAt >= 0 ? 'sourcesFromStart' : 'complete';
          this.broken(scope, place, null, found, "the source's first entry");
        }
        return;
      case 'breaks':
        this.broken('always', place, step.expected, found, step.detail);
        return;
      case 'departs': {
        if (step.doubtful) return;
        const scope = this.skippedAt >= step.seen ? 'sources' : 'complete';
        this.broken(scope, place, step.expected, found, "not the source's entry before");
      }
    }
  }

  private broken(
    scope: Scope,
    place: Place,
    expected: Hash | null,
    found: Hash | null,
    detail: string,
  ): void {
    this.findings.add(scope, finding(place, { code: 'broken-source-chain', expected, found, detail }));
  }

  /** Here stands something that cannot be relied on; what follows is not held to it. */
  private lose(): void {
    this.trails.lose(1);
    this.before = null;
  }
}

function blankOrReturn(line: Buffer): string | null {
  if (line.length === 0) return 'a blank line';
  return line.at(-1) === CARRIAGE_RETURN ? 'ends in a carriage return' : null;
}
