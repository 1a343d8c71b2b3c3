/** What reading one stream, or one place, promises. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { EventLog } from '../../../src/event-log/port.js';
import type { Revision } from '../../../src/ledger/types.js';
import { candidate, candidates, collect } from '../../support/event-log.js';
import { appendOne, newSource, read, type LogUnderTest } from './log-under-test.js';

export function readContract({ log }: LogUnderTest): void {
  describe('readSource', () => {
    let source: string;
    const COUNT = 4_100;

    beforeAll(async () => {
      source = newSource();
      await log().append(source, candidates(COUNT));
    });

    const revisionsRead = async (
      options: Parameters<EventLog['readSource']>[1],
    ): Promise<readonly number[]> =>
      (await collect(log().readSource(source, options))).map(({ revision }) => revision);

    const range = (from: number, to: number): readonly number[] =>
      Array.from({ length: Math.abs(to - from) + 1 }, (_, n) => from + (to < from ? -n : n));

    test('gives the whole stream in order, in either direction', async () => {
      expect(await revisionsRead({})).toEqual(range(0, COUNT - 1));
      expect(await revisionsRead({ direction: 'backwards' })).toEqual(range(COUNT - 1, 0));
    });

    test('begins where asked, inclusive, and gives no more than asked', async () => {
      const from = 3_000 as Revision;
      expect(await revisionsRead({ from, limit: 3 })).toEqual([3_000, 3_001, 3_002]);
      expect(await revisionsRead({ from, limit: 3, direction: 'backwards' })).toEqual([3_000, 2_999, 2_998]);
      expect(await revisionsRead({ from, limit: 5_000 })).toEqual(range(3_000, COUNT - 1));
      expect(await revisionsRead({ limit: 0 })).toEqual([]);
    });

    test('beyond the end there is nothing, and before it everything', async () => {
      const from = COUNT as Revision;
      expect(await revisionsRead({ from })).toEqual([]);
      expect(await revisionsRead({ from, limit: 2, direction: 'backwards' })).toEqual([COUNT - 1, COUNT - 2]);
    });

    test('an unknown source yields nothing', async () => {
      expect(await read(log(), newSource())).toEqual([]);
      expect(await read(log(), 'lone \ud800 surrogate')).toEqual([]);
    });

    test('the loop may be left at any time', async () => {
      for await (const event of log().readSource(source)) {
        if (event.revision === 2) break;
      }
      expect(await log().health()).toEqual({ status: 'ok' });
    });
  });

  describe('places', () => {
    test('looks up what is there, and says where a stream ends', async () => {
      const source = newSource();
      expect(await log().lookUp(source, 0 as Revision)).toEqual({ status: 'absent', lastRevision: null });
      await log().append(source, candidates(3));
      const [, second] = await read(log(), source);
      expect(await log().lookUp(source, 1 as Revision)).toEqual({ status: 'found', event: second });
      expect(await log().lookUp(source, 3 as Revision)).toEqual({ status: 'absent', lastRevision: 2 });
    });

    test('the newest position is that of the last event, and positions compare as they stand', async () => {
      const source = newSource();
      await log().append(source, candidates(12));
      const events = await read(log(), source);
      const [first, last] = [events[0]?.position, events.at(-1)?.position];
      if (first === undefined || last === undefined) throw new Error('the stream is empty');
      expect(await log().newest()).toBe(last);
      expect(log().comparePositions(first, last)).toBeLessThan(0);
      expect(log().comparePositions(last, first)).toBeGreaterThan(0);
      expect(log().comparePositions(last, last)).toBe(0);
    });

    test('the backlog is what lies after a position, with the time of its first event', async () => {
      const source = newSource();
      await log().append(source, candidates(4));
      const [first, second] = await read(log(), source);
      if (first === undefined || second === undefined) throw new Error('the stream is empty');
      const { events, oldest } = await log().backlog(first.position);
      expect([3, null]).toContain(events);
      expect(oldest).toBe(second.loggedAt);
      const { oldest: none } = await log().backlog(await log().newest());
      expect(none).toBeNull();
    });

    test('events carry the time of their recording', async () => {
      const before = Date.now();
      const event = await appendOne(log(), newSource(), candidate());
      expect(event.loggedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(Math.abs(Date.parse(event.loggedAt) - before)).toBeLessThan(60_000);
    });
  });
}
