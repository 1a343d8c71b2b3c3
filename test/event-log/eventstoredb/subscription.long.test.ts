/** Following the log while the server ends, resets or holds back what it sends. */
import { describe, expect, test } from 'vitest';
import type { EventLog } from '../../../src/event-log/port.js';
import type { Position, RecordedEvent } from '../../../src/ledger/types.js';
import { candidates, collect, everything, firstOf, subscribed } from '../../support/event-log.js';
import { newSource } from '../contract/log-under-test.js';
import { ids, setUp, timed } from './stand.js';

const stand = setUp();

async function filled(count: number): Promise<{ log: EventLog; start: Position | null; source: string }> {
  const log = stand.open();
  const start = await log.newest();
  const source = newSource();
  await log.append(source, candidates(count));
  return { log, start, source };
}

describe('a consumer that the server finds too slow', () => {
  test('is subscribed again at once, without a gap or a repetition, and it is counted', async () => {
    let fellBehind = 0;
    const log = stand.open();
    const start = await log.newest();
    const source = newSource();
    await log.append(source, candidates(500));
    stand.double().faults.slowConsumers = { events: 20 };
    const seen = await firstOf(log, start, 500, () => (fellBehind += 1));
    expect(ids(seen)).toEqual(ids(stand.stored(source)));
    expect(fellBehind).toBeGreaterThanOrEqual(24);
  });

  test('gets what is written while it falls behind, whoever writes', async () => {
    const log = stand.open();
    const start = await log.newest();
    const sources = [newSource(), newSource()];
    stand.double().faults.slowConsumers = { behind: 8 };
    const following = firstOf(log, start, 600);
    await Promise.all(
      sources.map(async (source) => {
        for (let n = 0; n < 10; n += 1) await stand.open().append(source, candidates(30));
      }),
    );
    const seen = await following;
    expect(new Set(ids(seen)).size).toBe(600);
    for (const source of sources) {
      expect(ids(seen.filter((event) => event.source === source))).toEqual(ids(stand.stored(source)));
    }
  });

  test('may be dropped before it has received anything, again and again', async () => {
    const { log, start, source } = await filled(5);
    stand
      .double()
      .faults.failReads(
        { code: 10, details: 'Consumer too slow transitioning to live. Client resubscription required.' },
        5,
      );
    expect(ids(await everything(log, start))).toEqual(ids(stand.stored(source)));
  });
});

describe('a subscription that ends otherwise', () => {
  const ends: Readonly<Record<string, () => void>> = {
    'without an error': () => stand.double().faults.endSubscriptions(),
    'with 14': () => stand.double().faults.endSubscriptions({ code: 14, details: 'Server Is Not Ready' }),
    'with 13': () =>
      stand.double().faults.endSubscriptions({ code: 13, details: 'Received RST_STREAM with code 2' }),
    'with another 10': () => stand.double().faults.endSubscriptions({ code: 10, details: 'Aborted' }),
    'with its connection': () => stand.double().faults.cut(),
  };

  test.each(Object.entries(ends))(
    'is over %s, so that whoever follows looks whether the log is still the same; then nothing is lost',
    async (_name, end) => {
      const { log, start, source } = await filled(10);
      const seen: RecordedEvent[] = [];
      const follow = async (): Promise<void> => {
        for await (const { events, live } of subscribed(log, start)) {
          seen.push(...events);
          if (live) end();
        }
      };
      await expect(follow()).rejects.toMatchObject({ code: 'log-unavailable' });
      await log.append(source, candidates(3)).catch(() => log.append(source, candidates(3)));
      seen.push(...(await everything(log, seen.at(-1)?.position ?? start)));
      expect(ids(seen)).toEqual(ids(stand.stored(source)));
    },
  );

  test('is over when the server restarts', async () => {
    const { log, start } = await filled(10);
    const follow = async (): Promise<void> => {
      for await (const { live } of subscribed(log, start)) if (live) await stand.double().restart();
    };
    await expect(follow()).rejects.toMatchObject({ code: 'log-unavailable' });
  });

  test('fails for its credentials', async () => {
    const { log } = await filled(1);
    stand.double().faults.forbid = true;
    await expect(collect(subscribed(log))).rejects.toMatchObject({ code: 'access-denied' });
  });
});

describe('being live', () => {
  test('is not said of a server that is silent', async () => {
    const { log, start, source } = await filled(30);
    await expect.poll(() => log.health()).toEqual({ status: 'ok' });
    stand.double().faults.freeze();
    const ended = new AbortController();
    const iterator = log.subscribe({ after: start, signal: ended.signal })[Symbol.asyncIterator]();
    const first = iterator.next();
    const nothing = new Promise((resolve) => setTimeout(resolve, 1_300, 'nothing'));
    expect(await Promise.race([first, nothing])).toBe('nothing');
    stand.double().faults.thaw();
    expect((await first).done).toBe(false);
    ended.abort();
    expect(stand.stored(source)).toHaveLength(30);
  });

  test('is said when answers come late, of everything that was there', async () => {
    const { log, start, source } = await filled(30);
    stand.double().faults.lateness = 800;
    expect(ids(await everything(log, start))).toEqual(ids(stand.stored(source)));
  });

  test('waits at a position beyond the end', async () => {
    const { log } = await filled(1);
    const beyond = `${10 ** 12}/${10 ** 12}` as Position;
    for await (const batch of subscribed(log, beyond)) {
      expect(batch).toEqual({ events: [], live: true });
      break;
    }
  });

  test('refuses a position of another kind of log', async () => {
    const wrong = collect(subscribed(stand.open(), 'seven' as Position));
    await expect(wrong).rejects.toMatchObject({ code: 'invalid-input' });
  });

  test('ends when aborted, also while the server is frozen, or no node can be found', async () => {
    const { port } = new URL(stand.double().url.replace('esdb:', 'http:'));
    const cluster = `esdb://127.0.0.1:${port},127.0.0.1:${port}?tls=false`;
    const logs = [stand.open(), stand.open({ url: cluster })];
    await stand.double().stop();
    for (const log of logs) {
      const ended = new AbortController();
      const following = collect(log.subscribe({ after: null, signal: ended.signal }));
      setTimeout(() => ended.abort(), 20);
      expect(await timed(following)).toBeLessThan(2_000);
    }
  });
});
