/** A server that takes connections and is silent for as long as the client's keep-alive needs to notice. */
import { expect, test } from 'vitest';
import type { EventLog } from '../../../src/event-log/port.js';
import { candidates, collect, subscribed } from '../../support/event-log.js';
import { newSource } from '../contract/log-under-test.js';
import { setUp } from './stand.js';

const stand = setUp();

/** The client asks after 10 s without a word, and waits 10 s for an answer. */
const NOTICED_MS = 20_000;

test('a server that is frozen for long ends subscriptions, live and new ones, so that whoever follows looks elsewhere', async () => {
  const [before, after] = [stand.open(), stand.open()];
  for (const log of [before, after]) await log.append(newSource(), candidates(3));
  const { faults } = stand.double();
  let frozen = (): void => undefined;
  const freezing = new Promise<void>((resolve) => (frozen = resolve));
  const follow = async (log: EventLog): Promise<void> => {
    for await (const { live } of subscribed(log)) {
      if (live) faults.freeze();
      if (live) frozen();
    }
  };
  const expectEnd = async (log: EventLog): Promise<void> => {
    const began = performance.now();
    await expect(follow(log)).rejects.toMatchObject({ code: 'log-unavailable' });
    expect(performance.now() - began).toBeLessThan(NOTICED_MS + 5_000);
  };
  await Promise.all([expectEnd(before), freezing.then(() => expectEnd(after))]);
  faults.thaw();
  for (const log of [before, after]) expect(await collect(log.readSource(newSource()))).toEqual([]);
});
