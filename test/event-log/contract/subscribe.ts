/** What following the log promises, and the end of it. */
import { describe, expect, test } from 'vitest';
import { candidates, collect, everything, firstOf, revisions, subscribed } from '../../support/event-log.js';
import { newSource, read, type LogUnderTest } from './log-under-test.js';

export function subscribeContract({ log, open }: LogUnderTest): void {
  describe('subscribe', () => {
    test('gives everything after a position in log order, and says when it is live', async () => {
      const start = await log().newest();
      const sources = [newSource(), newSource()];
      for (const source of sources) await log().append(source, candidates(2));
      const events = await everything(log(), start);
      expect(events.map(({ source, revision }) => [source, revision])).toEqual(
        sources.flatMap((source) => [
          [source, 0],
          [source, 1],
        ]),
      );
      expect(await everything(log(), events[1]?.position)).toEqual(events.slice(2));
    });

    test('says that it is live when there is nothing', async () => {
      for await (const batch of subscribed(log(), await log().newest())) {
        expect(batch).toEqual({ events: [], live: true });
        break;
      }
    });

    test('delivers what comes while it is live, at once', async () => {
      const source = newSource();
      const began = performance.now();
      const seen: number[] = [];
      for await (const { events } of subscribed(log(), await log().newest())) {
        seen.push(...events.map(({ revision }) => revision));
        if (seen.length >= 10) break;
        await log().append(source, candidates(1));
      }
      expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(performance.now() - began).toBeLessThan(5_000);
    });

    test('each event once and in order while many write', async () => {
      const others = [open(), open(), open()];
      const start = await log().newest();
      const sources = [newSource(), newSource(), newSource()];
      const total = 32 * 20;
      const writing = Promise.all(
        Array.from({ length: 32 }, async (_, writer) => {
          const mine = others[writer % others.length] ?? log();
          for (const given of candidates(20)) await mine.append(sources[writer % 3] ?? '', [given]);
        }),
      );
      const [seen] = await Promise.all([firstOf(log(), start, total), writing]);
      await Promise.all(others.map((other) => other.close()));
      expect(new Set(seen.map(({ id }) => id)).size).toBe(total);
      expect(await everything(log(), start)).toEqual(seen);
      for (const source of sources) {
        expect(seen.filter((event) => event.source === source)).toEqual(await read(log(), source));
      }
    });

    test('ends without error when aborted, also while it waits', async () => {
      const ended = new AbortController();
      const batches = log().subscribe({ after: await log().newest(), signal: ended.signal });
      const iterator = batches[Symbol.asyncIterator]();
      expect(await iterator.next()).toMatchObject({ value: { live: true } });
      const next = iterator.next();
      ended.abort();
      expect(await next).toEqual({ done: true, value: undefined });
      expect(await collect(log().subscribe({ after: null, signal: ended.signal }))).toEqual([]);
    });
  });

  describe('close', () => {
    test('lets appends finish, ends subscriptions, and refuses what comes after', async () => {
      const other = open();
      const source = newSource();
      const batches = other.subscribe({ after: await log().newest(), signal: new AbortController().signal });
      const iterator = batches[Symbol.asyncIterator]();
      await iterator.next();
      const waiting = iterator.next();
      const appending = other.append(source, candidates(50));
      await other.close();
      expect(revisions(await appending)).toHaveLength(50);
      await waiting;
      expect(await iterator.next()).toMatchObject({ done: true });
      await expect(other.append(source, candidates(1))).rejects.toMatchObject({ code: 'log-unavailable' });
      await expect(other.newest()).rejects.toMatchObject({ code: 'log-unavailable' });
      await expect(collect(other.readSource(source))).rejects.toMatchObject({
        code: 'log-unavailable',
      });
      expect(await other.health()).toMatchObject({ status: 'down' });
    });
  });
}
