/** The ledger as it grows: stretch after stretch, and then whatever the projector chains next. */
import type { EventFilters } from '../ledger/filters.js';
import type { Index } from '../ledger/types.js';
import type { LedgerReader } from '../read-model/port.js';
import { mayPass, pause, STRETCH, type LiveEntries, type Stretch } from './live-entries.js';

export interface FollowingParts {
  readonly reader: Pick<LedgerReader, 'events'>;
  /** shared by all who follow the same ledger */
  readonly live: LiveEntries;
  readonly filters: EventFilters;
  readonly from: Index;
  /** ends it */
  readonly signal: AbortSignal;
  /** a stretch without entries is given at least so often */
  readonly silenceMs: number;
}

/** Few entries may match: so many are looked at in one query, which has a time limit. */
const LOOKED_AT = 20_000;

/**
 * Every entry that matches from an index on, without end, each once and in order. Nothing is read before the consumer
 * asks. While the database cannot be asked it waits and tries again.
 * @throws LedgerError what trying again does not help
 */
export async function* followLedger(parts: FollowingParts): AsyncGenerator<Stretch> {
  const { live, signal, silenceMs } = parts;
  const leave = live.join();
  try {
    let next = parts.from;
    let given = performance.now();
    const silentFor = (): number => performance.now() - given;
    while (!signal.aborted) {
      const stretch = await look(parts, next, Math.max(silenceMs - silentFor(), 0));
      next = stretch.next;
      if (stretch.entries.length === 0 && silentFor() < silenceMs) continue;
      yield stretch;
      given = performance.now();
    }
  } finally {
    leave();
  }
}

/** What comes next, shared with others or read for this one alone; nothing, where nothing comes in time. */
async function look(parts: FollowingParts, next: Index, timeoutMs: number): Promise<Stretch> {
  const { live, filters, signal } = parts;
  try {
    await live.grown(next, timeoutMs, signal);
    if (next >= live.size) return nothingUpTo(next);
    return (await live.stretch(next, filters)) ?? (await ownStretch(parts, next));
  } catch (error) {
    if (!mayPass(error)) throw error;
    await pause(signal);
    return nothingUpTo(next);
  }
}

function nothingUpTo(next: Index): Stretch {
  return { entries: [], next, shared: false };
}

/** Up to what is read for all, or to the ledger's end. */
async function ownStretch({ reader, live, filters }: FollowingParts, next: Index): Promise<Stretch> {
  const to = Math.min(next < live.from ? live.from : live.size, next + LOOKED_AT);
  const page = await reader.events(filters, {
    ...{ order: 'asc', limit: STRETCH.entries, bytes: STRETCH.bytes, after: null },
    ...{ fromIndex: next, toIndex: to as Index },
  });
  const end = (page.next === null ? to : page.next + 1) as Index;
  return { entries: page.entries, next: end, shared: false };
}
