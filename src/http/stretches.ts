/** Work on many events, in stretches between which others have their turn. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** What each work has before it takes turns: a small one is done by then. */
const FIRST_MS = 0.5;

/** What those that take longer have together in one turn of the event loop, first come, first served; each has one event. */
const STRETCH_MS = 3;

/** When the first of them began in this turn; null where none has. */
let begun: number | null = null;

/**
 * @returns to be called between two events: what to wait for when a stretch is over, so that others have their turn; null
 *   when it is not
 */
export function inStretches(): () => Promise<void> | null {
  const beginning = performance.now();
  return () => {
    const now = performance.now();
    if (now - beginning <= FIRST_MS) return null;
    begun ??= beginStretch();
    return now - begun > STRETCH_MS ? anotherTurn() : null;
  };
}

async function anotherTurn(): Promise<void> {
  await nextTurn();
  begun ??= beginStretch();
}

function beginStretch(): number {
  setImmediate(() => {
    begun = null;
  });
  return performance.now();
}
