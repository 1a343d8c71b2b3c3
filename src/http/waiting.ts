/** Waiting for the ledger to have what the log has taken (Prefer: wait). */
import { setTimeout as delay } from 'node:timers/promises';
import type { EventLog } from '../event-log/port.js';
import type { Entry, Revision } from '../ledger/types.js';
import type { LedgerReader } from '../read-model/port.js';

/**
 * The entry made from an event, null when the ledger has none in time, cannot be asked, or `closing` is aborted: the
 * event is in the log, and that is all there is to say of it.
 */
export async function waitForEntry(
  reader: Pick<LedgerReader, 'entryAt' | 'headMoved'>,
  event: { readonly source: string; readonly revision: Revision },
  limitMs: number,
  closing: AbortSignal,
): Promise<Entry | null> {
  return lookUntil(reader, () => reader.entryAt(event.source, event.revision), limitMs, closing);
}

/**
 * Resolves when the ledger has all that the log had at the call, so that whoever was told that an event is recorded
 * finds it; or in the end, when it has not in time, or one of the two cannot be asked. Never rejects.
 */
export async function waitForLedger(
  stores: {
    readonly log: Pick<EventLog, 'newest' | 'comparePositions'>;
    readonly reader: Pick<LedgerReader, 'head' | 'headMoved'>;
  },
  limitMs: number,
  closing: AbortSignal,
): Promise<void> {
  const { log, reader } = stores;
  const deadline = Date.now() + limitMs;
  const tooLate = new AbortController();
  try {
    const newest = await Promise.race([log.newest(), delay(limitMs, null, { signal: tooLate.signal })]);
    if (newest === null) return;
    const look = async (): Promise<true | null> => {
      const { position } = await reader.head();
      return position !== null && log.comparePositions(position, newest) >= 0 ? true : null;
    };
    await lookUntil(reader, look, deadline - Date.now(), closing);
  } catch {
    // the ledger is asked all the same
  } finally {
    tooLate.abort();
  }
}

/** Look again whenever the ledger has moved: null when there is nothing in time, or nobody can look. */
async function lookUntil<Value>(
  reader: Pick<LedgerReader, 'headMoved'>,
  look: () => Promise<Value | null>,
  limitMs: number,
  closing: AbortSignal,
): Promise<Value | null> {
  const deadline = Date.now() + limitMs;
  const done = new AbortController();
  const end = (): void => done.abort();
  closing.addEventListener('abort', end);
  if (closing.aborted) end();
  try {
    for (;;) {
      // listening begins before looking, so that no move is missed
      const moved = reader.headMoved(Math.max(deadline - Date.now(), 0), done.signal);
      moved.catch(() => undefined);
      const found = await look();
      if (found !== null || done.signal.aborted || Date.now() >= deadline) return found;
      await moved;
    }
  } catch {
    return null;
  } finally {
    closing.removeEventListener('abort', end);
    end();
  }
}
