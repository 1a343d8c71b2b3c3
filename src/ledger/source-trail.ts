/**
 * Following every source's own chain at once, in memory that grows only with the number of sources. After a loss,
 * what the lost entry may explain is no finding of its own: one altered entry is one place in a report.
 */
import type { Hash, Header, Index, Instant, Revision } from './types.js';

/** What a trail is made of. */
type Followed = Pick<Header, 'index' | 'source' | 'revision' | 'recordedAt' | 'previousInSource'>;

/** What was seen of one source so far. */
export interface Trail {
  readonly count: number;
  readonly lastRevision: Revision;
  readonly lastHash: Hash;
  readonly lastIndex: Index;
  readonly firstRecordedAt: Instant;
  readonly lastRecordedAt: Instant;
  /** how many entries of all sources had been followed with its first, and with its last */
  readonly begun: number;
  readonly seen: number;
}

/** How an entry stands to what was seen of its source before. */
export type Step =
  /** nothing was seen of it yet; doubtful: an entry that was lost may have been its first */
  | { readonly kind: 'first'; readonly doubtful: boolean }
  /** it names the last one seen; `skipped` revisions lie between */
  | { readonly kind: 'follows'; readonly skipped: number }
  /** it names another than the last one seen, which is its revision−1, or it names none: whatever was not seen */
  | { readonly kind: 'breaks'; readonly expected: Hash; readonly detail: string }
  /** it names another than the last one seen, between which and it entries of the source may lie */
  | { readonly kind: 'departs'; readonly expected: Hash; readonly seen: number; readonly doubtful: boolean };

export class SourceTrails {
  /** how many entries were followed */
  followed = 0;
  /** how many entries were lost */
  lost = 0;
  private firstLoss = Infinity;
  private lastLoss = -1;
  private readonly trails = new Map<string, Writable<Trail>>();

  get(source: string): Trail | undefined {
    return this.trails.get(source);
  }

  entries(): IterableIterator<[string, Trail]> {
    return this.trails.entries();
  }

  /** How the entry stands to its source's trail, which stays as it is. */
  compare(header: Followed): Step {
    const before = this.trails.get(header.source);
    if (before === undefined) return { kind: 'first', doubtful: this.lost > 0 };
    const expected = before.lastHash;
    const skipped = header.revision - before.lastRevision - 1;
    if (skipped < 0) {
      const detail = `revision ${header.revision} comes after ${before.lastRevision}`;
      return { kind: 'breaks', expected, detail };
    }
    if (header.previousInSource === expected) return { kind: 'follows', skipped };
    if (header.previousInSource === null || skipped === 0) {
      return { kind: 'breaks', expected, detail: `the source's entry before is ${before.lastIndex}` };
    }
    return { kind: 'departs', expected, seen: before.seen, doubtful: this.mayHaveLostAfter(before) };
  }

  /** Here entries are missing, or contradict themselves, that may belong to any source. */
  lose(count: number): void {
    this.lost += count;
    this.firstLoss = Math.min(this.firstLoss, this.followed);
    this.lastLoss = this.followed;
  }

  /** Whether an entry was lost that may have come before a trail's first. */
  mayHaveLostBefore(trail: Trail): boolean {
    return this.firstLoss < trail.begun;
  }

  /** Whether an entry was lost that may have come after a trail's last. */
  mayHaveLostAfter(trail: Trail): boolean {
    return this.lastLoss >= trail.seen;
  }

  /** Take an entry whose hash is its header's as the last one of its source. */
  follow(header: Followed, hash: Hash): void {
    this.followed++;
    const { index, revision, recordedAt } = header;
    const trail = this.trails.get(header.source);
    if (trail === undefined) {
      this.trails.set(header.source, {
        count: 1,
        lastRevision: revision,
        lastHash: hash,
        lastIndex: index,
        firstRecordedAt: recordedAt,
        lastRecordedAt: recordedAt,
        begun: this.followed,
        seen: this.followed,
      });
      return;
    }
    trail.count++;
    trail.lastRevision = revision;
    trail.lastHash = hash;
    trail.lastIndex = index;
    trail.lastRecordedAt = recordedAt;
    trail.seen = this.followed;
  }
}

type Writable<Type> = { -readonly [member in keyof Type]: Type[member] };
