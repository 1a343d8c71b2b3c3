import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { followLedger } from '../../src/http/following.js';
import { LiveEntries } from '../../src/http/live-entries.js';
import { LedgerError } from '../../src/ledger/error.js';
import { NO_FILTERS, type EventFilters } from '../../src/ledger/filters.js';
import { NO_HASH, type Entry, type Index } from '../../src/ledger/types.js';
import type { EventPage, LedgerReader } from '../../src/read-model/port.js';

const SOURCES = ['a', 'b', 'rare'];
const sourceAt = (index: number): string => (index % 701 === 7 ? 'rare' : index % 3 === 0 ? 'a' : 'b');

function entryAt(index: number): Entry {
  const header = { index, source: sourceAt(index), type: 't', verdict: 'accepted' };
  return { header, hash: NO_HASH, data: Buffer.from('0'), metadata: Buffer.alloc(300) } as unknown as Entry;
}

/** A ledger in memory that grows by commits, and counts what it is asked. */
class GrowingLedger {
  size = 0;
  readonly asked: { readonly filters: EventFilters; readonly page: EventPage }[] = [];
  heads = 0;
  /** one question in so many is not answered */
  failing = Infinity;
  #questions = 0;
  readonly #waiters = new Set<() => void>();

  readonly reader: Pick<LedgerReader, 'events' | 'head' | 'headMoved'> = {
    head: async () => {
      this.heads += 1;
      const { size } = this;
      await this.#answer();
      return { size, hash: NO_HASH, recordedAt: null, position: null };
    },
    headMoved: (timeoutMs, signal) =>
      new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          this.#waiters.delete(done);
          resolve();
        };
        const timer = setTimeout(done, timeoutMs);
        signal?.addEventListener('abort', done);
        this.#waiters.add(done);
      }),
    events: async (filters, page) => {
      this.asked.push({ filters, page });
      const [from, to] = [page.fromIndex ?? 0, Math.min(page.toIndex ?? Infinity, this.size)];
      await this.#answer();
      const entries: Entry[] = [];
      for (let index: number = from; index < to; index += 1) {
        if (filters.sources.length > 0 && !filters.sources.includes(sourceAt(index))) continue;
        if (entries.length === page.limit) return { entries, next: entries.at(-1)?.header.index ?? null };
        entries.push(entryAt(index));
      }
      return { entries, next: null };
    },
  };

  commit(count: number): void {
    this.size += count;
    for (const wake of [...this.#waiters]) wake();
  }

  async #answer(): Promise<void> {
    this.#questions += 1;
    await turn();
    if (this.#questions % this.failing === 0)
      throw new LedgerError('store-unavailable', 'as the test wants it');
  }
}

/** Lets everybody else go on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Follower {
  readonly from: number;
  readonly sources: readonly string[];
  /** turns of others between a stretch and the next */
  readonly pace: number;
}

/** What a follower gets, until it has seen so many entries of the ledger. */
async function follow(
  ledger: GrowingLedger,
  live: LiveEntries,
  { from, sources, pace }: Follower,
  total: number,
): Promise<readonly number[]> {
  const ended = new AbortController();
  const stretches = followLedger({
    ...{ reader: ledger.reader, live, filters: { ...NO_FILTERS, sources }, from: from as Index },
    ...{ signal: ended.signal, silenceMs: 1 },
  });
  const seen: number[] = [];
  for await (const { entries, next } of stretches) {
    seen.push(...entries.map(({ header }) => header.index));
    if (next >= total) break;
    for (let n = 0; n < pace; n += 1) await turn();
  }
  ended.abort();
  return seen;
}

function expected({ from, sources }: Follower, total: number): readonly number[] {
  const all = Array.from({ length: total - from }, (_, n) => from + n);
  return all.filter((index) => sources.length === 0 || sources.includes(sourceAt(index)));
}

async function expectAllOf(
  commits: readonly number[],
  followers: readonly Follower[],
  ledger: GrowingLedger,
): Promise<void> {
  const live = new LiveEntries(ledger.reader);
  const total = ledger.size + commits.reduce((sum, each) => sum + each, 0);
  const following = followers.map((follower) => follow(ledger, live, follower, total));
  for (const [place, commit] of commits.entries()) {
    for (let n = 0; n < (place * 5) % 7; n += 1) await turn();
    ledger.commit(commit);
  }
  for (const [n, seen] of (await Promise.all(following)).entries()) {
    const follower = followers[n];
    if (follower !== undefined) expect(seen).toEqual(expected(follower, total));
  }
}

const BEFORE = 3_000;

const anyFollower: fc.Arbitrary<Follower> = fc.record({
  from: fc.oneof(fc.constant(BEFORE), fc.nat(BEFORE)),
  sources: fc.subarray(SOURCES),
  pace: fc.constantFrom(0, 0, 1, 20, 100),
});

describe('who follows the ledger', () => {
  it('has every entry that matches, once and in order, however fast it is and whatever others do', async () => {
    const commits = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(600, 2_500, 12_000)), {
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(
        commits,
        fc.array(anyFollower, { minLength: 1, maxLength: 6 }),
        async (all, followers) => {
          const ledger = new GrowingLedger();
          ledger.commit(BEFORE);
          await expectAllOf(all, followers, ledger);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('goes on after questions that were not answered', async () => {
    const ledger = new GrowingLedger();
    ledger.commit(BEFORE);
    ledger.failing = 3;
    const follower = { from: BEFORE - 50, sources: [], pace: 3 };
    await expectAllOf([1, 300, 20], [follower, { ...follower, sources: ['a'] }], ledger);
  });

  it('is told of a failure that does not pass', async () => {
    const ledger = new GrowingLedger();
    const broken = {
      ...ledger.reader,
      head: () => Promise.reject(new LedgerError('internal', 'as the test wants it')),
    };
    const stretches = followLedger({
      ...{ reader: broken, live: new LiveEntries(broken), filters: NO_FILTERS, from: 0 as Index },
      ...{ signal: new AbortController().signal, silenceMs: 60_000 },
    });
    await expect(stretches.next()).rejects.toMatchObject({ code: 'internal' });
  });

  it('costs the database no more than one does, as long as it keeps up', async () => {
    const ledger = new GrowingLedger();
    ledger.commit(BEFORE);
    const many = Array.from({ length: 100 }, (_, n) => ({
      from: BEFORE,
      sources: [[], ['a'], ['rare']][n % 3] ?? [],
      pace: 0,
    }));
    const commits = [20, 30, 40, 50];
    await expectAllOf(commits, many, ledger);
    expect(ledger.asked.every(({ filters }) => filters.sources.length === 0)).toBe(true);
    expect(ledger.asked.length).toBeLessThanOrEqual(commits.length);
    expect(ledger.heads).toBeLessThanOrEqual(commits.length + 1);
  });

  it('reads for itself what is far behind the end, and shares the rest', async () => {
    const ledger = new GrowingLedger();
    ledger.commit(30_000);
    await expectAllOf([10], [{ from: 0, sources: ['rare'], pace: 0 }], ledger);
    const [first, ...others] = ledger.asked;
    expect(first?.filters.sources).toEqual(['rare']);
    expect(others.every(({ page }) => (page.fromIndex ?? 0) >= 20_000)).toBe(true);
  });

  it('reads for itself once it is so slow that what it needs is no longer kept', async () => {
    const ledger = new GrowingLedger();
    ledger.commit(BEFORE);
    const fast = { from: BEFORE, sources: [], pace: 0 };
    const slow = { from: BEFORE, sources: ['a', 'b'], pace: 2_000 };
    await expectAllOf(Array<number>(30).fill(100), [fast, slow], ledger);
    const own = ledger.asked.filter(({ filters }) => filters.sources.length > 0);
    expect(own.length).toBeGreaterThan(0);
    for (const { page } of own) expect([page.limit, page.bytes]).toEqual([100, 256 * 1024]);
  });
});
