/** What every adapter of the event log's port promises. Run once for each: see the *.int.test.ts beside it. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Candidate, EventLog } from '../../src/event-log/port.js';
import type { RecordedEvent, Revision } from '../../src/ledger/types.js';
import { candidate, candidates, collect, everything, revisions, subscribed } from '../support/event-log.js';

export interface EventLogHarness {
  /** a further instance on the same log, as another process has it; closed by whoever opened it */
  open(): EventLog;
  /** the end of the log */
  remove(): Promise<void>;
}

/** Bytes that are easily changed on the way: data, metadata. */
const BYTES: Readonly<Record<string, readonly [Buffer | string, Buffer | string]>> = {
  'numbers as names': ['{"10":1,"9":2}', '{"10":1,"9":2}'],
  'white space, 1.0 and a name twice': ['{"b" : 1.0,"a":1,"a":2}', '{"b" : 1.0,"a":1,"a":2}'],
  'numbers that no double holds': ['{"n":9007199254740993,"e":1e400}', '{"n":0.10000000000000001}'],
  'invalid UTF-8': [Buffer.from([0x22, 0xff, 0xfe, 0xc0, 0x80, 0x22]), Buffer.from([0xed, 0xa0, 0x80])],
  'every byte': [Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), Buffer.from([0])],
  'a byte order mark': ['\ufeff{}', '\ufeff{}'],
  'no data': ['', '{"v":1}'],
  'no metadata': ['{}', ''],
  'no bytes at all': ['', ''],
  '3 MB of metadata': ['null', Buffer.alloc(3_000_000, 'm')],
};

const NAMES: Readonly<Record<string, string>> = {
  'a plain name': 'billing',
  spaces: ' the  billing service ',
  slashes: 'a/../b//c/.',
  emoji: '🧾-👩‍👩‍👧‍👦',
  NUL: 'nul\u0000in the middle',
  'NUL first': '\u0000',
  'a tilde after NUL': '\u0000~',
  '4,000 characters': 'ж'.repeat(4_000),
  '31 bytes': 'x'.repeat(31),
  '32 bytes': 'x'.repeat(32),
  'a dollar': '$type',
  'percent signs and quotes': `%2F'"\\x41`,
};

export function eventLogContract(adapter: string, makeHarness: () => Promise<EventLogHarness>): void {
  describe(`the event log's contract: ${adapter}`, () => {
    let harness: EventLogHarness;
    let log: EventLog;

    beforeAll(async () => {
      harness = await makeHarness();
      log = harness.open();
    });

    afterAll(async () => {
      await log.close();
      await harness.remove();
    });

    /** A source that no other test uses. */
    const newSource = (): string => `source-${randomUUID()}`;

    const read = async (source: string): Promise<readonly RecordedEvent[]> => collect(log.readSource(source));

    const appendOne = async (source: string, given: Candidate): Promise<RecordedEvent> => {
      await log.append(source, [given]);
      const events = await read(source);
      const event = events.find(({ id }) => id === given.id);
      if (event === undefined) throw new Error('what was appended is not in the stream');
      return event;
    };

    describe('bytes and names', () => {
      test.each(Object.entries(BYTES))(
        'gives back the recorded bytes: %s',
        async (_name, [data, metadata]) => {
          const given = candidate({ data, metadata });
          const event = await appendOne(newSource(), given);
          expect(event.data.equals(given.data)).toBe(true);
          expect(event.metadata.equals(given.metadata)).toBe(true);
        },
      );

      test.each(Object.entries(NAMES))('keeps a source and a type as they are: %s', async (_name, name) => {
        const source = `${name}${randomUUID()}`;
        const event = await appendOne(source, candidate({ type: name }));
        expect([event.source, event.type, event.revision]).toEqual([source, name, 0]);
      });

      test('takes an empty source and an empty type', async () => {
        const event = await appendOne('', candidate({ type: '' }));
        expect([event.source, event.type]).toEqual(['', '']);
      });

      test('the subscription gives the same event as the stream', async () => {
        const source = newSource();
        const newest = await log.newest();
        const event = await appendOne(source, candidate({ data: '{"b" : 1.0}', metadata: '\u0000' }));
        expect(await everything(log, newest)).toEqual([event]);
      });
    });

    describe('append', () => {
      test('numbers each stream from 0, in the order given, whatever happens beside it', async () => {
        const [one, other] = [newSource(), newSource()];
        const [first, second, third] = await Promise.all([
          log.append(one, candidates(3)),
          log.append(other, candidates(2)),
          log.append(one, candidates(2)),
        ]);
        expect(revisions(first)).toEqual([0, 1, 2]);
        expect(revisions(second)).toEqual([0, 1]);
        expect(revisions(third)).toEqual([3, 4]);
      });

      test('stands in the log after everything that was appended before', async () => {
        const source = newSource();
        for (const given of candidates(5)) await log.append(source, [given]);
        const events = await read(source);
        const places = events.map(({ position }) => position);
        expect(places.toSorted((a, b) => log.comparePositions(a, b))).toEqual(places);
        expect(new Set(places).size).toBe(5);
      });

      test('an identity that is there already is not written again, and its event is given back', async () => {
        const source = newSource();
        const first = await appendOne(source, candidate({ data: '{"first":true}' }));
        const outcomes = await log.append(source, [
          candidate(),
          candidate({ id: first.id, data: '{"other":1}' }),
        ]);
        expect(outcomes[0]).toEqual({ status: 'appended', revision: 1 });
        expect(outcomes[1]).toEqual({ status: 'present', event: first });
        expect(await read(source)).toHaveLength(2);
      });

      test('of two equal identities in one call the later one is present', async () => {
        const source = newSource();
        const twice = candidate({ data: '1' });
        const outcomes = await log.append(source, [twice, candidate(), { ...twice, data: Buffer.from('2') }]);
        expect(revisions(outcomes)).toEqual([0, 1, null]);
        expect(outcomes[2]).toMatchObject({
          status: 'present',
          event: { revision: 0, data: Buffer.from('1') },
        });
      });

      test('the same id in two sources is two identities', async () => {
        const given = candidate();
        expect(revisions(await log.append(newSource(), [given]))).toEqual([0]);
        expect(revisions(await log.append(newSource(), [given]))).toEqual([0]);
      });

      test('when two processes race with the same identities, each is written once', async () => {
        const source = newSource();
        const other = harness.open();
        try {
          const given = candidates(20);
          const outcomes = await Promise.all(
            given.flatMap((each) => [log.append(source, [each]), other.append(source, [each])]),
          );
          expect(outcomes.flat().filter(({ status }) => status === 'appended')).toHaveLength(20);
          expect(outcomes.flat().filter(({ status }) => status === 'present')).toHaveLength(20);
          expect((await read(source)).map(({ id }) => id).toSorted()).toEqual(
            given.map(({ id }) => id).toSorted(),
          );
        } finally {
          await other.close();
        }
      });

      test('what the log can never take is refused, and does not harm the rest', async () => {
        const outcomes = await log.append(newSource(), [
          candidate(),
          candidate({ data: Buffer.alloc(20_000_000) }),
          candidate({ type: 'lone \ud800 surrogate' }),
          candidate(),
        ]);
        expect(outcomes.map(({ status }) => status)).toEqual(['appended', 'refused', 'refused', 'appended']);
        expect(revisions(outcomes)).toEqual([0, null, null, 1]);
      });

      test('an id that is no UUID, and a source that is no text, are the caller’s mistakes', async () => {
        const wrong = { code: 'invalid-input', retryable: false };
        await expect(log.append(newSource(), [candidate({ id: 'seven' })])).rejects.toMatchObject(wrong);
        await expect(log.append('\udc00', [candidate()])).rejects.toMatchObject(wrong);
      });

      test('nothing to append is nothing done', async () => {
        const newest = await log.newest();
        expect(await log.append(newSource(), [])).toEqual([]);
        expect(await log.newest()).toBe(newest);
      });

      test('a call of any size arrives in order', async () => {
        const source = newSource();
        const given = [
          ...candidates(4_500),
          candidate({ data: Buffer.alloc(9_000_000, ' ') }),
          ...candidates(3),
        ];
        const outcomes = await log.append(source, given);
        expect(revisions(outcomes)).toEqual(given.map((_, n) => n));
        expect((await read(source)).map(({ id }) => id)).toEqual(given.map(({ id }) => id));
      });
    });

    describe('readSource', () => {
      let source: string;
      const COUNT = 4_100;

      beforeAll(async () => {
        source = newSource();
        await log.append(source, candidates(COUNT));
      });

      const revisionsRead = async (
        options: Parameters<EventLog['readSource']>[1],
      ): Promise<readonly number[]> =>
        (await collect(log.readSource(source, options))).map(({ revision }) => revision);

      const range = (from: number, to: number): readonly number[] =>
        Array.from({ length: Math.abs(to - from) + 1 }, (_, n) => from + (to < from ? -n : n));

      test('gives the whole stream in order, in either direction', async () => {
        expect(await revisionsRead({})).toEqual(range(0, COUNT - 1));
        expect(await revisionsRead({ direction: 'backwards' })).toEqual(range(COUNT - 1, 0));
      });

      test('begins where asked, inclusive, and gives no more than asked', async () => {
        const from = 3_000 as Revision;
        expect(await revisionsRead({ from, limit: 3 })).toEqual([3_000, 3_001, 3_002]);
        expect(await revisionsRead({ from, limit: 3, direction: 'backwards' })).toEqual([
          3_000, 2_999, 2_998,
        ]);
        expect(await revisionsRead({ from, limit: 5_000 })).toEqual(range(3_000, COUNT - 1));
        expect(await revisionsRead({ limit: 0 })).toEqual([]);
      });

      test('beyond the end there is nothing, and before it everything', async () => {
        const from = COUNT as Revision;
        expect(await revisionsRead({ from })).toEqual([]);
        expect(await revisionsRead({ from, limit: 2, direction: 'backwards' })).toEqual([
          COUNT - 1,
          COUNT - 2,
        ]);
      });

      test('an unknown source yields nothing', async () => {
        expect(await read(newSource())).toEqual([]);
        expect(await read('lone \ud800 surrogate')).toEqual([]);
      });

      test('the loop may be left at any time', async () => {
        for await (const event of log.readSource(source)) {
          if (event.revision === 2) break;
        }
        expect(await log.health()).toEqual({ status: 'ok' });
      });
    });

    describe('subscribe', () => {
      test('gives everything after a position in log order, and says when it is live', async () => {
        const start = await log.newest();
        const sources = [newSource(), newSource()];
        for (const source of sources) await log.append(source, candidates(2));
        const events = await everything(log, start);
        expect(events.map(({ source, revision }) => [source, revision])).toEqual(
          sources.flatMap((source) => [
            [source, 0],
            [source, 1],
          ]),
        );
        expect(await everything(log, events[1]?.position)).toEqual(events.slice(2));
      });

      test('says that it is live when there is nothing', async () => {
        for await (const batch of subscribed(log, await log.newest())) {
          expect(batch).toEqual({ events: [], live: true });
          break;
        }
      });

      test('delivers what comes while it is live', async () => {
        const source = newSource();
        const seen: number[] = [];
        for await (const { events } of subscribed(log, await log.newest())) {
          seen.push(...events.map(({ revision }) => revision));
          if (seen.length >= 10) break;
          await log.append(source, candidates(1));
        }
        expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      });

      test('each event once and in order while many write', async () => {
        const others = [harness.open(), harness.open(), harness.open()];
        const start = await log.newest();
        const sources = [newSource(), newSource(), newSource()];
        const total = 32 * 20;
        const writing = Promise.all(
          Array.from({ length: 32 }, async (_, writer) => {
            const mine = others[writer % others.length] ?? log;
            for (const given of candidates(20)) await mine.append(sources[writer % 3] ?? '', [given]);
          }),
        );
        const seen: RecordedEvent[] = [];
        for await (const { events } of subscribed(log, start)) {
          seen.push(...events);
          if (seen.length >= total) break;
        }
        await writing;
        await Promise.all(others.map((other) => other.close()));
        expect(new Set(seen.map(({ id }) => id)).size).toBe(total);
        expect(await everything(log, start)).toEqual(seen);
        for (const source of sources) {
          expect(seen.filter((event) => event.source === source)).toEqual(await read(source));
        }
      });

      test('ends without error when aborted, also while it waits', async () => {
        const ended = new AbortController();
        const batches = log.subscribe({ after: await log.newest(), signal: ended.signal });
        const iterator = batches[Symbol.asyncIterator]();
        expect(await iterator.next()).toMatchObject({ value: { live: true } });
        const next = iterator.next();
        ended.abort();
        expect(await next).toEqual({ done: true, value: undefined });
        expect(await collect(log.subscribe({ after: null, signal: ended.signal }))).toEqual([]);
      });
    });

    describe('places', () => {
      test('looks up what is there, and says where a stream ends', async () => {
        const source = newSource();
        expect(await log.lookUp(source, 0 as Revision)).toEqual({ status: 'absent', lastRevision: null });
        await log.append(source, candidates(3));
        const [, second] = await read(source);
        expect(await log.lookUp(source, 1 as Revision)).toEqual({ status: 'found', event: second });
        expect(await log.lookUp(source, 3 as Revision)).toEqual({ status: 'absent', lastRevision: 2 });
      });

      test('the newest position is that of the last event, and positions compare as they stand', async () => {
        const source = newSource();
        await log.append(source, candidates(12));
        const events = await read(source);
        const [first, last] = [events[0]?.position, events.at(-1)?.position];
        if (first === undefined || last === undefined) throw new Error('the stream is empty');
        expect(await log.newest()).toBe(last);
        expect(log.comparePositions(first, last)).toBeLessThan(0);
        expect(log.comparePositions(last, first)).toBeGreaterThan(0);
        expect(log.comparePositions(last, last)).toBe(0);
      });

      test('the backlog is what lies after a position, with the time of its first event', async () => {
        const source = newSource();
        await log.append(source, candidates(4));
        const [first, second] = await read(source);
        if (first === undefined || second === undefined) throw new Error('the stream is empty');
        const { events, oldest } = await log.backlog(first.position);
        expect([3, null]).toContain(events);
        expect(oldest).toBe(second.loggedAt);
        const { oldest: none } = await log.backlog(await log.newest());
        expect(none).toBeNull();
      });

      test('events carry the time of their recording', async () => {
        const before = Date.now();
        const event = await appendOne(newSource(), candidate());
        expect(event.loggedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        expect(Math.abs(Date.parse(event.loggedAt) - before)).toBeLessThan(60_000);
      });
    });

    describe('close', () => {
      test('lets appends finish, ends subscriptions, and refuses what comes after', async () => {
        const other = harness.open();
        const source = newSource();
        const batches = other.subscribe({ after: await log.newest(), signal: new AbortController().signal });
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
  });
}
