/** One stream of the double's log: its records by revision, and what its metadata lets readers see of them. */
import { DELETED, type LogRecord } from './record.js';
import type { StreamMetadata } from './stream-metadata.js';

export class StreamState {
  /** in revision order, without tombstone and without what a scavenge removed */
  records: LogRecord[] = [];
  tombstone: LogRecord | null = null;
  metadata: StreamMetadata = {};
  #last = -1n;

  /** revision of the newest event, also when a scavenge removed it; DELETED under a tombstone */
  get last(): bigint {
    return this.tombstone ? DELETED : this.#last;
  }

  get softDeleted(): boolean {
    return this.metadata.truncateBefore === DELETED;
  }

  add(record: LogRecord): void {
    if (record.revision === DELETED) {
      this.tombstone = record;
      return;
    }
    this.records.push(record);
    if (record.revision > this.#last) this.#last = record.revision;
  }

  at(revision: bigint): LogRecord | undefined {
    const record = this.records[this.#indexOf(revision)];
    return record?.revision === revision ? record : undefined;
  }

  /** Whether metadata lets readers of the stream see the record; readers of $all see it whatever metadata says. */
  shows(record: LogRecord, now = Date.now()): boolean {
    return record.revision >= this.#first && !this.#isTooOld(record, now);
  }

  /**
   * What a reader of the stream sees, from a revision on in either direction. Lazy: what is appended meanwhile comes
   * along when reading forwards.
   */
  *read(from: bigint, direction: 'forwards' | 'backwards'): Generator<LogRecord, void, undefined> {
    const step = direction === 'forwards' ? 1 : -1;
    const start = this.#indexOf(from);
    const exact = this.records[start]?.revision === from;
    for (let n = exact || step === 1 ? start : start - 1; n >= 0 && n < this.records.length; n += step) {
      const record = this.records[n];
      if (record && this.shows(record)) yield record;
    }
  }

  get #first(): bigint {
    const { truncateBefore = 0n, maxCount } = this.metadata;
    const counted = maxCount === undefined ? 0n : this.#last - maxCount + 1n;
    return counted > truncateBefore ? counted : truncateBefore;
  }

  #isTooOld(record: LogRecord, now: number): boolean {
    const { maxAge } = this.metadata;
    return maxAge !== undefined && Number(record.created / 10_000n) < now - maxAge * 1000;
  }

  /** index of the first record at or after the revision; the revision itself as long as nothing was removed */
  #indexOf(revision: bigint): number {
    if (revision <= 0n) return 0;
    if (revision > this.#last) return this.records.length;
    const guess = Number(revision);
    if (this.records[guess]?.revision === revision) return guess;
    let low = 0;
    let high = this.records.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const record = this.records[middle];
      if (record && record.revision < revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
