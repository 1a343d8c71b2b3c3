import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { inStretches } from '../../src/http/stretches.js';

it('others have their turn while many work, each of them for a short time', async () => {
  const over = new AbortController();
  let turns = 0;
  const others = (async () => {
    for (; !over.signal.aborted; turns++) await nextTurn();
  })();
  await Promise.all(Array.from({ length: 20 }, workForFiveMilliseconds));
  over.abort();
  await others;
  expect(turns).toBeGreaterThan(10);
});

it('one who works for a moment has nothing to wait for', () => {
  const othersTurn = inStretches();
  expect(Array.from({ length: 10 }, () => othersTurn())).toEqual(Array.from({ length: 10 }, () => null));
});

async function workForFiveMilliseconds(): Promise<void> {
  const othersTurn = inStretches();
  for (let n = 0; n < 50; n++) {
    await othersTurn();
    const end = performance.now() + 0.1;
    while (performance.now() < end);
  }
}
