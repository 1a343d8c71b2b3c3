import { setTimeout as delay } from 'node:timers/promises';

/** Resolves with the work, or after the time. */
export async function atMost(work: Promise<unknown>, limitMs: number): Promise<void> {
  const enough = new AbortController();
  const late = delay(limitMs, undefined, { signal: enough.signal }).catch(() => undefined);
  await Promise.race([work, late]);
  enough.abort();
}
