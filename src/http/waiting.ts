/** Waiting for the ledger to have what the log has taken (Prefer: wait). */
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
      const entry = await reader.entryAt(event.source, event.revision);
      if (entry !== null || done.signal.aborted || Date.now() >= deadline) return entry;
      await moved;
    }
  } catch {
    return null;
  } finally {
    closing.removeEventListener('abort', end);
    end();
  }
}
