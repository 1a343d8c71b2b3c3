/** The ledger as it grows: stretch after stretch, and then whatever the projector chains next. */
import { setTimeout as delay } from 'node:timers/promises';
import type { EventFilters } from '../ledger/filters.js';
import { LedgerError } from '../ledger/error.js';
import type { Entry, Index } from '../ledger/types.js';
import type { LedgerReader } from '../read-model/port.js';

/** What was looked at since the stretch before: the entries that match, in index order, all of them below `next`. */
export interface Stretch {
  readonly entries: readonly Entry[];
  /** the first index that was not looked at */
  readonly next: Index;
}

export interface FollowingParts {
  readonly reader: Pick<LedgerReader, 'events' | 'head' | 'headMoved'>;
  readonly filters: EventFilters;
  readonly from: Index;
  /** ends it */
  readonly signal: AbortSignal;
  /** a stretch without entries is given at least so often */
  readonly silenceMs: number;
}

/** One stretch, at most: what is not taken yet waits in the database, not in memory. */
const STRETCH_ENTRIES = 100;
const STRETCH_BYTES = 256 * 1024;

/** Few entries may match: so many are looked at in one query, which has a time limit. */
const LOOKED_AT = 20_000;

const RETRY_MS = 500;

/**
 * Every entry that matches from an index on, without end, each once and in order. Nothing is read before the consumer
 * asks. While the database cannot be asked it waits and tries again.
 * @throws LedgerError what trying again does not help
 */
export async function* followLedger(parts: FollowingParts): AsyncGenerator<Stretch> {
  const { reader, signal, silenceMs } = parts;
  let next = parts.from;
  let given = performance.now();
  const silentFor = (): number => performance.now() - given;
  while (!signal.aborted) {
    const looked = new AbortController();
    // listening begins before looking, so that no move is missed
    const moved = reader.headMoved(
      Math.max(silenceMs - silentFor(), 0),
      AbortSignal.any([signal, looked.signal]),
    );
    try {
      for await (const stretch of stretches(parts, next)) {
        next = stretch.next;
        if (stretch.entries.length === 0 && silentFor() < silenceMs) continue;
        yield stretch;
        given = performance.now();
      }
      await moved;
    } catch (error) {
      if (!(error instanceof LedgerError && error.retryable)) throw error;
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    } finally {
      looked.abort();
    }
    if (silentFor() < silenceMs) continue;
    yield { entries: [], next };
    given = performance.now();
  }
}

/** Up to the head as it is now. */
async function* stretches(parts: FollowingParts, from: Index): AsyncGenerator<Stretch> {
  const { reader, filters, signal } = parts;
  const { size } = await reader.head();
  for (let next: number = from; next < size && !signal.aborted;) {
    const to = Math.min(size, next + LOOKED_AT);
    const page = await reader.events(filters, {
      ...{ order: 'asc', limit: STRETCH_ENTRIES, bytes: STRETCH_BYTES, after: null },
      ...{ fromIndex: next as Index, toIndex: to as Index },
    });
    next = page.next === null ? to : page.next + 1;
    yield { entries: page.entries, next: next as Index };
  }
}
