import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LedgerError } from '../../src/ledger/error.js';
import { decodeMetadata } from '../../src/ledger/metadata.js';
import type { EventId, Revision } from '../../src/ledger/types.js';
import type { EventLog } from '../../src/event-log/port.js';
import { event, newSource, startApi, type TestApi } from '../support/api.js';

interface Queued {
  readonly status: string;
  readonly eventId: EventId;
  readonly source: string;
  readonly revision: Revision;
}

interface Results {
  readonly results: readonly (Partial<Queued> & {
    readonly status: number;
    readonly problem?: { readonly code: string; readonly errors?: readonly { readonly pointer: string }[] };
  })[];
}

const NDJSON = { 'content-type': 'application/x-ndjson' };

describe('POST /v1/events', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.close());

  describe('a single event', () => {
    it('is durable when it is answered with 202, and readable at its location at once', async () => {
      const source = `${newSource()}/with a/../slash é`;
      const sent = event({
        source,
        timestamp: '2026-11-20T12:00:00.5+02:00',
        actor: 'alice',
        subject: 's',
        context: null,
      });
      const answer = await api.post<Queued>('/v1/events', sent);
      expect(answer.status).toBe(202);
      expect(answer.body).toEqual({
        status: 'queued',
        eventId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        source,
        revision: 0,
      });
      const location = answer.headers.get('location') ?? '';
      const read = await api.get(location);
      expect(read.status).toBe(200);
      expect(read.body).toMatchObject({
        revision: 0,
        id: answer.body.eventId,
        source,
        type: sent.type,
        payload: sent.payload,
        metadata: {
          v: 1,
          recordedBy: 'admin',
          actor: 'alice',
          subject: 's',
          context: null,
          occurredAt: '2026-11-20T10:00:00.500Z',
          timestamp: '2026-11-20T12:00:00.5+02:00',
        },
      });
    });

    it('is stored as its canonical bytes', async () => {
      const source = newSource();
      await api.post('/v1/events', `{"payload" : {"b":1.50,"a":"\\u00e9"},"source":"${source}","type":"t"}`);
      const found = await api.log.lookUp(source, 0 as Revision);
      if (found.status !== 'found') throw new Error(found.status);
      expect(found.event.data.toString()).toBe('{"a":"é","b":1.5}');
      expect(decodeMetadata(found.event.metadata)).not.toBeNull();
    });

    it('with Prefer: wait is answered with 201 once the ledger has it', async () => {
      const answer = await api.post('/v1/events', event({ source: newSource() }), {
        prefer: 'wait=10, handling=lenient',
      });
      expect(answer.status).toBe(201);
      expect(answer.headers.get('preference-applied')).toBe('wait=10, handling=lenient');
      expect(answer.body).toMatchObject({ status: 'recorded', revision: 0, verdict: 'accepted' });
      const line = await api.get(`/v1/entries/${String(answer.body.index)}`);
      expect(line.body).toMatchObject({ hash: answer.body.hash, entry: { id: answer.body.eventId } });
    });

    it('with Prefer: wait=0 is not waited for', async () => {
      const idle = await startApi({ project: false });
      const answer = await idle.post('/v1/events', event({ source: newSource() }), { prefer: 'wait=0' });
      expect(answer.status).toBe(202);
      await idle.close();
    });
  });

  describe('a replay', () => {
    const id = 'order 17';

    it('is 200, whether the ledger has the event already or only the log', async () => {
      const sent = event({ source: newSource(), id, actor: 'a', timestamp: '2026-01-01T00:00:00Z' });
      const first = await api.post<Queued>('/v1/events', sent);
      const inLog = await api.post<Queued>('/v1/events', sent);
      await api.caughtUp();
      const inLedger = await api.post<Queued>('/v1/events', {
        ...sent,
        context: 'another attempt',
        timestamp: '2026-01-01T01:00:00+01:00',
      });
      expect([first.status, inLog.status, inLedger.status]).toEqual([202, 200, 200]);
      expect(inLog.body).toEqual(first.body);
      expect(inLedger.body).toEqual(first.body);
      expect(inLedger.headers.get('location')).toBe(first.headers.get('location'));
    });

    it('with Prefer: wait tells what the ledger has', async () => {
      const sent = event({ source: newSource(), id });
      await api.post('/v1/events', sent);
      const answer = await api.post('/v1/events', sent, { prefer: 'wait=10' });
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ status: 'recorded', revision: 0, verdict: 'accepted' });
    });

    it.each<[string, Record<string, unknown>]>([
      ['type', { type: 'other' }],
      ['payload', { payload: { other: true } }],
      ['timestamp', { timestamp: '2026-01-01T00:00:00Z' }],
      ['actor', { actor: 'someone' }],
      ['subject', { subject: 'something' }],
    ])('with another %s is a conflict, in the log as in the ledger', async (_member, change) => {
      const sent = event({ source: newSource(), id });
      await api.post('/v1/events', sent);
      const inLog = await api.post('/v1/events', { ...sent, ...change });
      await api.caughtUp();
      const inLedger = await api.post('/v1/events', { ...sent, ...change });
      for (const answer of [inLog, inLedger]) {
        expect(answer.status).toBe(409);
        expect(answer.body).toMatchObject({ code: 'conflict', errors: [{ pointer: '/id' }], revision: 0 });
      }
      expect((await api.post('/v1/events', sent)).status).toBe(200);
    });

    it('the same id in another source is another event', async () => {
      const [a, b] = [event({ source: newSource(), id }), event({ source: newSource(), id })];
      const [first, second] = [
        await api.post<Queued>('/v1/events', a),
        await api.post<Queued>('/v1/events', b),
      ];
      expect([first.status, second.status]).toEqual([202, 202]);
      expect(first.body.eventId).not.toBe(second.body.eventId);
    });

    it('an id is the same in upper case when it is a UUID', async () => {
      const uuid = randomUUID();
      const source = newSource();
      const first = await api.post<Queued>('/v1/events', event({ source, id: uuid.toUpperCase() }));
      expect(first.body.eventId).toBe(uuid);
      expect((await api.post('/v1/events', event({ source, id: uuid }))).status).toBe(200);
    });

    it('sent to two servers at once, an event is recorded once', async () => {
      const other = await startApi({ database: api.database, project: false });
      const source = newSource();
      for (let round = 0; round < 10; round++) {
        const sent = event({ source, id: `round ${round}` });
        const answers = await Promise.all(
          [api, other, api, other].map((one) => one.post<Queued>('/v1/events', sent)),
        );
        expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 202]);
        expect(new Set(answers.map(({ body }) => body.revision)).size).toBe(1);
      }
      await other.close();
    });
  });

  describe('a batch', () => {
    it('is answered in order, each event with what became of it', async () => {
      const source = newSource();
      const known = event({ source, id: 'known' });
      await api.post('/v1/events', known);
      const answer = await api.post<Results>('/v1/events', [
        event({ source }),
        known,
        { ...known, payload: 'other' },
        event({ source, extra: 1 }),
        event({ source: '_schemas' }),
        event({ source, payload: 'x'.repeat(256 * 1024) }),
        7,
      ]);
      expect(answer.status).toBe(207);
      expect(answer.body.results.map(({ status }) => status)).toEqual([202, 200, 409, 422, 403, 413, 422]);
      expect(answer.body.results.map(({ problem }) => problem?.errors?.[0]?.pointer)).toEqual([
        undefined,
        undefined,
        '/2/id',
        '/3/extra',
        '/4/source',
        '/5/payload',
        '/6',
      ]);
    });

    it('takes several sources, and keeps the order within each', async () => {
      const [a, b] = [newSource(), newSource()];
      const events = Array.from({ length: 100 }, (_, n) =>
        event({ source: n % 2 === 0 ? a : b, payload: n }),
      );
      const answer = await api.post<Results>('/v1/events', events);
      expect(answer.status).toBe(202);
      expect(answer.body.results.map(({ revision }) => revision)).toEqual(events.map((_, n) => n >> 1));
    });

    it('recognises an identity that it holds twice: the later one is the replay, or the conflict', async () => {
      const source = newSource();
      const one = event({ source, id: 'x' });
      const answer = await api.post<Results>('/v1/events', [one, one, { ...one, type: 'other' }]);
      expect(answer.body.results.map(({ status }) => status)).toEqual([202, 200, 409]);
    });

    it.each<[string, number, (source: string) => unknown[]]>([
      ['empty', 202, () => []],
      ['all queued', 202, (source) => [event({ source }), event({ source })]],
      ['queued and replayed', 202, (source) => [event({ source, id: 'known' }), event({ source })]],
      ['all replays', 200, (source) => [event({ source, id: 'known' })]],
      ['some failed', 207, (source) => [event({ source }), {}]],
      ['none taken', 422, () => [{}, event({ source: '_x' })]],
    ])('%s is %i', async (_what, status, batch) => {
      const source = newSource();
      await api.post('/v1/events', event({ source, id: 'known' }));
      const answer = await api.post<Results>('/v1/events', batch(source));
      expect(answer.status).toBe(status);
      expect(answer.body.results).toHaveLength(batch(source).length);
    });

    it('as lines: a broken line fails alone, and empty ones are not counted', async () => {
      const source = newSource();
      const good = JSON.stringify(event({ source }));
      const body = `${good}\n\n{"broken":\n${good}\r\n{"source":"s","type":"t","payload":1e400}\n`;
      const answer = await api.post<Results>('/v1/events', body, NDJSON);
      expect(answer.status).toBe(207);
      expect(answer.body.results.map(({ status }) => status)).toEqual([202, 400, 202, 422]);
      expect(answer.body.results[3]?.problem?.errors?.[0]?.pointer).toBe('/3/payload');
    });

    it('without a line is taken as empty', async () => {
      const answer = await api.post<Results>('/v1/events', '\n \n', NDJSON);
      expect([answer.status, answer.body.results]).toEqual([202, []]);
    });

    it('does not wait', async () => {
      const answer = await api.post('/v1/events', [event({ source: newSource() })], { prefer: 'wait=30' });
      expect(answer.status).toBe(202);
      expect(answer.headers.get('preference-applied')).toBeNull();
    });
  });

  describe('while a store fails', () => {
    const failing = (code: 'log-unavailable' | 'log-uncertain', afterWriting: boolean, times: number) => {
      let left = times;
      return (log: EventLog): EventLog => ({
        ...log,
        async append(source, candidates, options) {
          if (left-- <= 0) return await log.append(source, candidates, options);
          if (afterWriting) await log.append(source, candidates, options);
          throw new LedgerError(code, 'as the test wants it');
        },
      });
    };

    async function withLog(wrapLog: (log: EventLog) => EventLog, run: (one: TestApi) => Promise<void>) {
      const one = await startApi({ database: api.database, project: false, wrapLog });
      await run(one).finally(() => one.close());
    }

    it('a log that refuses is 503 with Retry-After, and nothing was recorded', async () => {
      const source = newSource();
      await withLog(failing('log-unavailable', false, 2), async (one) => {
        const answer = await one.post('/v1/events', event({ source }));
        expect(answer.status).toBe(503);
        expect(answer.headers.get('retry-after')).toBe('2');
        expect(answer.body.code).toBe('log-unavailable');
        const batch = await one.post<Results>('/v1/events', [event({ source }), {}]);
        expect(batch.status).toBe(503);
        expect(batch.body.results.map(({ status }) => status)).toEqual([503, 422]);
      });
      expect(await api.log.lookUp(source, 0 as Revision)).toMatchObject({ status: 'absent' });
    });

    it.each([false, true])(
      'an append that is uncertain (written: %s) is made certain, and recorded once',
      async (written) => {
        const source = newSource();
        await withLog(failing('log-uncertain', written, 1), async (one) => {
          const answers = [
            await one.post<Queued>('/v1/events', event({ source })),
            await one.post<Queued>('/v1/events', event({ source, id: 'x' })),
          ];
          expect(answers.map(({ status }) => status)).toEqual([202, 202]);
          expect(answers.map(({ body }) => body.revision)).toEqual([0, 1]);
        });
      },
    );

    it('a ledger that cannot be asked does not keep the log from taking events', async () => {
      const source = newSource();
      await api.post('/v1/events', event({ source, id: 'before' }));
      const one = await startApi({
        database: api.database,
        project: false,
        wrapReader: (reader) => ({
          ...reader,
          identities: () => Promise.reject(new LedgerError('store-unavailable', 'as the test wants it')),
        }),
      });
      const statuses = [
        (await one.post('/v1/events', event({ source, id: 'new' }))).status,
        (await one.post('/v1/events', event({ source, id: 'new' }))).status,
        (await one.post('/v1/events', event({ source, id: 'before' }))).status,
      ];
      await one.close();
      expect(statuses).toEqual([202, 200, 200]);
    });
  });
});
