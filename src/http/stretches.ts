/** Work on many events, in stretches between which others have their turn. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** What all such works take together in one turn of the event loop. */
const STRETCH_MS = 3;

/** When the first of them began in this turn; null where none has. */
let begun: number | null = null;

/** To be awaited between two events: it is the turn of others when a stretch is over. */
export async function othersTurn(): Promise<void> {
  begun ??= beginning();
  if (performance.now() - begun > STRETCH_MS) await nextTurn();
}

function beginning(): number {
  setImmediate(() => {
    begun = null;
  });
  return performance.now();
}
