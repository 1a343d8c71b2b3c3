/** Waiting for a condition that nobody announces. */
import { setTimeout as sleep } from 'node:timers/promises';

/** A start waits for this at its end: short enough not to be noticed, long enough not to be felt. */
const LONGEST_PAUSE_MS = 25;

/**
 * Ask again and again, at first every few milliseconds.
 * @returns whether the condition held within the time
 */
export async function until(condition: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (let pause = 5; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    if (await condition()) return true;
    const left = deadline - performance.now();
    if (left <= 0) return false;
    await sleep(Math.min(pause, left));
  }
}
