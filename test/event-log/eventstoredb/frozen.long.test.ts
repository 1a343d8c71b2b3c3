/** A server that takes connections and is silent for as long as the client's keep-alive needs to notice. */
import { describe, expect, test } from 'vitest';
import { candidates, collect, subscribed } from '../../support/event-log.js';
import { newSource } from '../contract/log-under-test.js';
import { setUp } from './stand.js';

const stand = setUp();

/** The client asks after 10 s without a word, and waits 10 s for an answer. */
const NOTICED_MS = 20_000;

describe('a server that is frozen for long', () => {
  test.each(['live', 'new'])(
    'ends a %s subscription, so that whoever follows looks elsewhere',
    async (state) => {
      const log = stand.open();
      await log.append(newSource(), candidates(3));
      const began = performance.now();
      const follow = async (): Promise<void> => {
        if (state === 'new') stand.double().faults.freeze();
        for await (const { live } of subscribed(log)) {
          if (live) stand.double().faults.freeze();
        }
      };
      await expect(follow()).rejects.toMatchObject({ code: 'log-unavailable' });
      expect(performance.now() - began).toBeLessThan(NOTICED_MS + 5_000);
      stand.double().faults.thaw();
      expect(await collect(log.readSource(newSource()))).toEqual([]);
    },
  );
});
