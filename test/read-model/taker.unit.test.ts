import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Taker } from '../../src/read-model/taker.js';

let theirs: MessagePort;
let taker: Taker<number>;
beforeEach(() => {
  const { port1, port2 } = new MessageChannel();
  theirs = port1;
  taker = new Taker(port2, 2);
});
afterEach(() => theirs.close());

/** Whether it would wait: many turns later it is not ready. */
async function waits(): Promise<boolean> {
  let ready = false;
  void taker.ready().then(() => (ready = true));
  for (let n = 0; n < 50; n += 1) await nextTurn();
  return !ready;
}

describe('who takes answers', () => {
  it('is given no more than may be ahead of it', async () => {
    expect(await taker.ready()).toBe(true);
    taker.give(1);
    expect(await waits()).toBe(false);
    taker.give(2);
    expect(await waits()).toBe(true);
  });

  it('is given one more for each that it took', async () => {
    taker.give(1);
    taker.give(2);
    const ready = taker.ready();
    theirs.postMessage('taken');
    expect(await ready).toBe(true);
    taker.give(3);
    expect(await waits()).toBe(true);
    const answers: number[] = [];
    theirs.on('message', (answer: number) => answers.push(answer));
    await expect.poll(() => answers).toEqual([1, 2, 3]);
  });

  it('is waited for no longer once it has left', async () => {
    taker.give(1);
    taker.give(2);
    const ready = taker.ready();
    theirs.close();
    await once(theirs, 'close');
    expect(await ready).toBe(false);
    expect(await taker.ready()).toBe(false);
  });
});
