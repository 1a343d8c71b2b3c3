/**
 * The ledger's end, watched and read once for all who follow it. The newest entries are kept in memory and shared; a
 * follower that falls behind what is kept reads for itself until it has caught up, so that none of them costs memory.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { LedgerError } from '../ledger/error.js';
import { Content, entryMatches } from '../ledger/filter-match.js';
import { NO_FILTERS, type EventFilters } from '../ledger/filters.js';
import type { Entry, Index } from '../ledger/types.js';
import type { LedgerReader } from '../read-model/port.js';

/** What was looked at since the stretch before: the entries that match, in index order, all of them below `next`. */
export interface Stretch {
  readonly entries: readonly Entry[];
  /** the first index that was not looked at */
  readonly next: Index;
  /** others are given the same entries */
  readonly shared: boolean;
}

/** One stretch, at most: what a follower has not taken yet waits in the database, or in what all of them share. */
export const STRETCH = { entries: 100, bytes: 256 * 1024 } as const;

/** What is read at once. */
const PAGE = { entries: 500, bytes: 1024 * 1024 } as const;

/** What is kept, beside the newest page: how far a follower may be behind the first of them. */
const KEPT = { entries: 2_000, bytes: 2 * 1024 * 1024 } as const;

/**
 * Followers that are further behind the ledger's end read for themselves: their filters may leave little of that much. A
 * projector that catches up commits less at once.
 */
const NEAR = 10_000;

/** While the database cannot be asked. */
const RETRY_MS = 500;

/** Longer than it takes to learn that the head has moved, whatever is lost. */
const MOVE_MS = 60_000;

interface Kept {
  readonly entry: Entry;
  /** what filters read of it, once for all */
  readonly content: Content;
}

interface Page {
  readonly entries: readonly Kept[];
  /** from ≤ x < to, of which these are all entries */
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

type Waiter = (error?: Error) => void;

export class LiveEntries {
  readonly #reader: Pick<LedgerReader, 'events' | 'head' | 'headMoved'>;
  readonly #waiters = new Set<Waiter>();
  #followers = 0;
  #watching = new AbortController();
  #size = 0;
  /** one after the other without a gap, oldest first */
  #pages: readonly Page[] = [];
  /** where the pages end */
  #to = 0;
  #reading: Promise<void> | null = null;

  constructor(reader: Pick<LedgerReader, 'events' | 'head' | 'headMoved'>) {
    this.#reader = reader;
  }

  /** Begin to follow: the ledger is watched as long as anybody does. @returns ends it */
  join(): () => void {
    this.#followers += 1;
    if (this.#followers === 1) {
      this.#watching = new AbortController();
      void this.#watch(this.#watching.signal);
    }
    return () => {
      this.#followers -= 1;
      if (this.#followers === 0) this.#watching.abort();
    };
  }

  /** How many entries the ledger has, as far as is known. */
  get size(): number {
    return this.#size;
  }

  /** Where what is kept begins: who is before it reads for itself so far. */
  get from(): number {
    return this.#pages[0]?.from ?? this.#to;
  }

  /**
   * Resolves when the ledger has more than `size` entries, after the time, or when aborted. Rejects when it cannot be
   * watched, for a reason that does not pass.
   */
  grown(size: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#size > size || signal.aborted) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const done: Waiter = (error) => {
        clearTimeout(timeout);
        signal.removeEventListener('abort', over);
        this.#waiters.delete(done);
        if (error === undefined) resolve();
        else reject(error);
      };
      const over = (): void => done();
      const timeout = setTimeout(over, timeoutMs);
      signal.addEventListener('abort', over);
      this.#waiters.add(done);
    });
  }

  /** What matches from an index on; null where the follower is to read for itself. Rejects as the reader does. */
  async stretch(next: Index, filters: EventFilters): Promise<Stretch | null> {
    if (next >= this.#to && this.#size - next <= NEAR) await this.#readFrom(next);
    const page = this.#pages.findLast(({ from }) => from <= next);
    return page === undefined || next >= page.to ? null : stretchOf(page, next, filters);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    let moved: Promise<void> | null = null;
    while (!signal.aborted) {
      // listening begins before looking, so that no move is missed
      moved ??= this.#reader.headMoved(MOVE_MS, signal);
      try {
        this.#note((await this.#reader.head()).size);
        await moved;
        moved = null;
      } catch (error) {
        if (!mayPass(error)) this.#wake(error as Error);
        await pause(signal);
      }
    }
  }

  #note(size: number): void {
    if (size === this.#size) return;
    // the ledger was made anew, and is shorter
    if (size < this.#to) this.#begin(size);
    this.#size = size;
    this.#wake();
  }

  #wake(error?: Error): void {
    for (const done of [...this.#waiters]) done(error);
  }

  #begin(at: number): void {
    this.#pages = [];
    this.#to = at;
  }

  /** One page more, read once for all who ask for it meanwhile. */
  #readFrom(next: number): Promise<void> {
    this.#reading ??= this.#read(next).finally(() => (this.#reading = null));
    return this.#reading;
  }

  async #read(next: number): Promise<void> {
    // what lies between is left to those who need it
    if (next > this.#to) this.#begin(next);
    const [from, end] = [this.#to, this.#size];
    const { entries, next: last } = await this.#reader.events(NO_FILTERS, {
      ...{ order: 'asc', limit: PAGE.entries, bytes: PAGE.bytes, after: null },
      ...{ fromIndex: from as Index, toIndex: end as Index },
    });
    // begun anew meanwhile
    if (this.#to !== from) return;
    this.#to = last === null ? end : last + 1;
    const kept = entries.map((entry) => ({ entry, content: new Content(entry) }));
    const bytes = entries.reduce((sum, { data, metadata }) => sum + data.length + metadata.length, 0);
    this.#pages = withinKept([...this.#pages, { entries: kept, from, to: this.#to, bytes }]);
  }
}

/** Whether a failure is one that trying again may help. */
export function mayPass(error: unknown): boolean {
  return error instanceof LedgerError && error.retryable;
}

/** Until it is time to try again; at once when aborted. */
export async function pause(signal: AbortSignal): Promise<void> {
  await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
}

/** The newest pages, as many as are kept; the last one stays, however large. */
function withinKept(pages: readonly Page[]): readonly Page[] {
  let [entries, bytes] = [0, 0];
  const first = pages.findLastIndex((page) => {
    entries += page.entries.length;
    bytes += page.bytes;
    return entries > KEPT.entries || bytes > KEPT.bytes;
  });
  return pages.slice(Math.min(first + 1, pages.length - 1));
}

function stretchOf(page: Page, next: Index, filters: EventFilters): Stretch {
  const entries: Entry[] = [];
  let bytes = 0;
  for (const { entry, content } of page.entries) {
    const { index } = entry.header;
    if (index < next || !entryMatches(filters, entry, content)) continue;
    if (entries.length === STRETCH.entries || bytes >= STRETCH.bytes)
      return { entries, next: index, shared: true };
    entries.push(entry);
    bytes += entry.data.length + entry.metadata.length;
  }
  return { entries, next: page.to as Index, shared: true };
}
