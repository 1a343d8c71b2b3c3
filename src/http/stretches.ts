/** Work on many events, in stretches between which others have their turn. */
import { setImmediate as nextTurn } from 'node:timers/promises';

const STRETCH_MS = 15;

/** @returns to be awaited between two events: lets others have their turn when a stretch is over */
export function inStretches(): () => Promise<void> {
  let begun = performance.now();
  return async () => {
    if (performance.now() - begun <= STRETCH_MS) return;
    await nextTurn();
    begun = performance.now();
  };
}
