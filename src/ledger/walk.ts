/** One pass over rows in index order: what each must be, given those before it. */
import type { CheckedRow, Link, FaultlessEntry } from './checked-row.js';
import { checkEntry, previousDifference, type EntryCheck, type Predecessor } from './entry-check.js';
import { finding, type Difference, type FindingList } from './finding.js';
import { isHash } from './header-form.js';
import { IndexSet } from './index-set.js';
import type { IndexRange } from './range.js';
import { placeOfRow, readCount, readEntryRow, type EntryRow } from './row.js';
import { SourceTrails } from './source-trail.js';
import type { TileCheck } from './tile-check.js';
import type { Hash } from './types.js';

export interface WalkInput {
  readonly range: IndexRange;
  /** walk over the entries of one source; null: over all */
  readonly source: string | null;
  readonly tiles: TileCheck;
  readonly findings: FindingList;
}

/** The last row read: the hash it states, and the one its header gives. */
interface LastRow {
  readonly index: number;
  readonly hashes: readonly Hash[];
}

/** What a row says of its own place. */
type StatedPlace = Pick<EntryRow, 'index' | 'id' | 'source' | 'hash'>;

export class Walk {
  /** entries that were read and recomputed */
  checked = 0;
  /** indexes without a row */
  missed = 0;
  /** indexes of which a further row was reported */
  readonly repeated = new IndexSet();
  /** what they state */
  readonly verdicts = { accepted: 0, rejected: 0, duplicate: 0 };
  readonly trails = new SourceTrails();
  private next: number;
  /** what the next entry must name, null when the row before cannot be relied on */
  private before: Predecessor | null = null;
  private last: LastRow | null = null;
  /** the hashes of all entries so far are known */
  private whole: boolean;
  private readonly input: WalkInput;

  constructor(input: WalkInput) {
    this.input = input;
    this.next = input.range.fromIndex;
    this.whole = input.source === null && input.range.fromIndex === 0;
  }

  /** Take what stands before the range: what is wrong with it is not this walk's business, only the link to it. */
  context(rows: readonly EntryRow[]): void {
    const { fromIndex } = this.input.range;
    for (const row of rows) {
      const read = readEntryRow(row);
      if (!read.ok || read.entry.header.index !== fromIndex - 1) continue;
      const { header, hash } = read.entry;
      const computed = checkEntry({ header, hash, content: null });
      this.last = { index: header.index, hashes: [hash, computed.hash] };
      if (computed.sound) this.before = { index: header.index, hash };
    }
    if (this.before !== null) return;
    const detail = 'the entry before the range is missing or altered';
    this.input.findings.add(finding({ index: fromIndex }, { code: 'broken-chain', detail }));
  }

  /** Take the next row. */
  row(checked: CheckedRow): void {
    if (checked.faultless === null) this.doubtful(checked.row);
    else this.faultless(checked.faultless);
  }

  private faultless({ header, hash }: FaultlessEntry): void {
    const stated = (): StatedPlace => ({ ...header, index: String(header.index), hash });
    if (!this.isInPlace(header.index, header.source, stated)) return;
    this.entry({ header, hash }, { hash, sound: true, differences: [] });
  }

  private doubtful(row: EntryRow): void {
    const index = readCount(row.index);
    if (index === null) {
      const difference = { code: 'unreadable-value', found: row.index, detail: 'column index' } as const;
      this.input.findings.add(finding(placeOfRow(row), difference));
      return;
    }
    if (!this.isInPlace(index, row.source, () => row)) return;
    const read = readEntryRow(row);
    if (!read.ok) {
      this.input.findings.add(read.finding);
      this.damaged({ index, hashes: isHash(row.hash) ? [row.hash] : [] });
      return;
    }
    const { header, hash, data, metadata } = read.entry;
    this.entry({ header, hash }, checkEntry({ header, hash, content: { data, metadata } }));
  }

  /** An entry in its place, and what it is by itself. */
  private entry(
    { header, hash }: FaultlessEntry,
    check: Pick<EntryCheck, 'hash' | 'sound' | 'differences'>,
  ): void {
    const { index } = header;
    this.checked++;
    this.verdicts[header.verdict]++;
    const differences = [...check.differences];
    const previous = previousDifference(header, this.before);
    if (previous !== null) differences.push(previous);
    differences.push(...this.sourceDifferences(header, check.sound));
    for (const difference of differences) this.input.findings.add(finding(header, difference));
    if (!check.sound) {
      this.damaged({ index, hashes: [hash, check.hash] });
      return;
    }
    this.trails.follow(header, hash);
    this.before = { index, hash };
    this.last = { index, hashes: [hash] };
    if (this.input.source === null) this.input.tiles.add(index, hash);
  }

  /** The Merkle root of the entries, null when not every one of them is known. After the tiles are finished. */
  root(): Hash | null {
    return this.whole ? this.input.tiles.root() : null;
  }

  /** After the last row. */
  end(): void {
    if (this.input.source === null) this.missing(this.input.range.toIndex);
  }

  /** The hashes that the entry at the ledger's end may have; none when it could not be read. */
  lastHashes(index: number): readonly Hash[] {
    return this.last?.index === index ? this.last.hashes : [];
  }

  /** Whether a row stands where one is expected; a finding says that it does not. */
  private isInPlace(index: number, ofSource: string | null, stated: () => StatedPlace): boolean {
    const { range, source, findings } = this.input;
    const problem =
      index < this.next
        ? 'a second row at this index, or one out of order'
        : index >= range.toIndex
          ? 'a row outside of the range that was asked for'
          : source !== null && ofSource !== source
            ? 'a row of another source than was asked for'
            : null;
    if (problem !== null) {
      if (index < this.next) this.repeated.add(index);
      const row = stated();
      findings.add(finding(placeOfRow(row), { code: 'unexpected-entry', found: row.hash, detail: problem }));
      return false;
    }
    if (source === null) this.missing(index);
    this.next = index + 1;
    return true;
  }

  private missing(to: number): void {
    if (this.next >= to) return;
    this.whole = false;
    this.input.findings.addRun(this.next, to, (index) => finding({ index }, { code: 'missing-entry' }));
    this.missed += to - this.next;
    this.trails.lose(to - this.next);
    this.next = to;
    this.before = null;
    this.last = null;
  }

  /** The row is not what was chained there; what follows is not held to it. */
  private damaged(row: LastRow): void {
    const [stated, computed] = row.hashes;
    this.trails.lose(1);
    this.whole = false;
    this.before = null;
    this.last = row;
    if (this.input.source === null && stated !== undefined) this.input.tiles.add(row.index, stated, computed);
  }

  private sourceDifferences(header: Link, sound: boolean): readonly Difference[] {
    const step = this.trails.compare(header);
    switch (step.kind) {
      case 'first':
        // a source that began before the range
        if (this.input.range.fromIndex > 0 || step.doubtful) return [];
        if (header.previousInSource !== null)
          return brokenTrail(header, null, 'the source has no entry before');
        return sound ? revisionGap(header, header.revision) : [];
      case 'follows':
        return sound ? revisionGap(header, step.skipped) : [];
      case 'breaks':
        return brokenTrail(header, step.expected, step.detail);
      case 'departs':
        return step.doubtful ? [] : brokenTrail(header, step.expected, "not the source's entry before");
    }
  }
}

function brokenTrail(
  { previousInSource }: Link,
  expected: Hash | null,
  detail: string,
): readonly Difference[] {
  return [{ code: 'broken-source-chain', expected, found: previousInSource, detail }];
}

function revisionGap({ revision }: Link, skipped: number): readonly Difference[] {
  if (skipped === 0) return [];
  const first = revision - skipped;
  const detail = `${skipped} revisions from ${first} on are not in the ledger`;
  return [{ code: 'revision-gap', expected: String(first), found: String(revision), detail }];
}
