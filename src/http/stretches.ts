/** Work on many events, in stretches between which others have their turn. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** What all such works take together in one turn of the event loop. */
const STRETCH_MS = 3;

/** When the first of them began in this turn; null where none has. */
let begun: number | null = null;

/** Between two events: what to wait for when a stretch is over, so that others have their turn; null when it is not. */
export function othersTurn(): Promise<void> | null {
  begun ??= beginning();
  return performance.now() - begun > STRETCH_MS ? nextTurn() : null;
}

function beginning(): number {
  setImmediate(() => {
    begun = null;
  });
  return performance.now();
}
