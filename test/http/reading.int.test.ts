import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openReader } from '../../src/read-model/reader.js';
import { event, newSource, startApi, type Answer, type TestApi } from '../support/api.js';
import { throwAtLog } from '../support/event-log.js';
import { asSuperuser } from '../support/ledger-database.js';

interface Line {
  readonly entry: {
    readonly index: number;
    readonly id: string;
    readonly source: string;
    readonly verdict: string;
  };
  readonly payload?: unknown;
  readonly payloadBase64?: string;
}

interface Page {
  readonly events: readonly Line[];
  readonly next: string | null;
}

interface Stats {
  readonly events: number;
  readonly counted: number;
  readonly verdicts: Readonly<Record<'accepted' | 'rejected' | 'duplicate', number>>;
  readonly bySource: { readonly most: readonly unknown[]; readonly others: number };
  readonly byType: { readonly most: readonly unknown[]; readonly others: number };
  readonly rates: Readonly<
    Record<'minute' | 'hour' | 'day', { readonly events: number; readonly perSecond: number }>
  >;
}

describe('reading', () => {
  let api: TestApi;
  const source = newSource();

  beforeAll(async () => {
    api = await startApi();
    const batch = Array.from({ length: 25 }, (_, n) =>
      event({
        source,
        type: n % 2 === 0 ? 'even' : 'odd',
        payload: { n, text: String(n), 'a.b': { 'c/d': [n] }, flag: n > 20 },
        actor: n < 5 ? 'alice' : 'bob',
        timestamp: `2026-01-${String(n + 1).padStart(2, '0')}T00:00:00Z`,
      }),
    );
    expect((await api.post('/v1/events', batch)).status).toBe(202);
    await api.caughtUp();
  });
  afterAll(() => api.close());

  const numbers = ({ body }: Answer<Page>): unknown[] =>
    body.events.map(({ payload }) => (payload as { n: number }).n);

  async function pages(query: string): Promise<unknown[]> {
    const all: unknown[] = [];
    for (let path: string | null = `/v1/events?${query}`; path !== null;) {
      const page: Answer<Page> = await api.get<Page>(path);
      expect(page.status).toBe(200);
      all.push(...numbers(page));
      const link: string | null = page.headers.get('link');
      expect(link === null).toBe(page.body.next === null);
      path = /^<(.*)>; rel="next"$/.exec(link ?? '')?.[1] ?? null;
    }
    return all;
  }

  describe('GET /v1/events', () => {
    const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

    it('has the newest first, 50 at once unless told otherwise', async () => {
      const answer = await api.get<Page>(`/v1/events?source=${source}`);
      expect(numbers(answer)).toEqual(upTo(25).reverse());
      expect(answer.body.next).toBeNull();
    });

    it('gives every entry once, page by page, in both orders', async () => {
      expect(await pages(`source=${source}&limit=4&order=asc`)).toEqual(upTo(25));
      expect(await pages(`source=${source}&limit=4&order=desc`)).toEqual(upTo(25).reverse());
    });

    it.each([
      ['type=odd&type=even&actor=alice', [0, 1, 2, 3, 4]],
      ['type=odd&actor=alice', [1, 3]],
      ['occurredSince=2026-01-03T00:00:00Z&occurredUntil=2026-01-05T00:00:00Z', [2, 3]],
      ['payload.n=7', [7]],
      ['payload.text=7', [7]],
      ['payload.text=%227%22', [7]],
      ['payload.n=%227%22', []],
      ['payload.n=7&payload.n=9.0', [7, 9]],
      ['payload.flag=true&type=odd', [21, 23]],
      ['payload:/a.b/c~1d/0=12', [12]],
      ['recordedBy=nobody', []],
      ['verdict=rejected', []],
      ['until=2000-01-01T00:00:00Z', []],
    ])('filters by %s', async (query, expected) => {
      expect(await pages(`source=${source}&order=asc&limit=3&${query}`)).toEqual(expected);
    });

    it('a page stays as it is while events come in, and what follows it has each of the others once', async () => {
      const busy = newSource();
      const record = async (from: number, to: number): Promise<void> => {
        const events = upTo(to - from).map((n) => event({ source: busy, payload: { n: from + n } }));
        await api.post('/v1/events', events);
        await api.caughtUp();
      };
      await record(0, 10);
      const page = (order: string, cursor: string | null) =>
        api.get<Page>(
          `/v1/events?source=${busy}&limit=4&order=${order}${cursor === null ? '' : `&cursor=${cursor}`}`,
        );
      const [down, up] = [await page('desc', null), await page('asc', null)];
      const second = await page('desc', down.body.next);
      await record(10, 20);
      const again = await page('desc', down.body.next);
      expect(again.text).toBe(second.text);
      expect(numbers(down)).toEqual([9, 8, 7, 6]);
      expect(numbers(again)).toEqual([5, 4, 3, 2]);
      const last = await page('desc', again.body.next);
      expect([numbers(last), last.body.next]).toEqual([[1, 0], null]);
      const rising = [...numbers(up)];
      for (let next = up.body.next; next !== null;) {
        const more: Answer<Page> = await page('asc', next);
        rising.push(...numbers(more));
        next = more.body.next;
      }
      expect(rising).toEqual(upTo(20));
    });

    it('the next page is linked with the filters as they were, whatever stands in them', async () => {
      const odd = `a&b=c #ü+/?%,;"'`;
      await api.post(
        '/v1/events',
        upTo(3).map((n) => event({ source: odd, payload: { n, 'x.y': odd } })),
      );
      await api.caughtUp();
      const query = new URLSearchParams({ source: odd, 'payload:/x.y': odd, limit: '1' });
      expect(await pages(query.toString())).toEqual([2, 1, 0]);
    });

    it('a cursor of another query is refused', async () => {
      const { body } = await api.get<Page>(`/v1/events?source=${source}&limit=2`);
      const other = await api.get(`/v1/events?source=${source}&limit=2&type=odd&cursor=${String(body.next)}`);
      expect([other.status, other.body.code]).toEqual([400, 'invalid-cursor']);
    });

    it("the ledger's own sources are shown when asked for", async () => {
      await throwAtLog(api.database.apiUrl, [{ source: '_access', type: 't', data: '{}' }]);
      await api.caughtUp();
      expect((await api.get<Page>('/v1/events?source=_access')).body.events).toHaveLength(0);
      expect((await api.get<Page>('/v1/events?source=_access&internal=true')).body.events).toHaveLength(1);
    });
  });

  describe('one line', () => {
    it('by index, by event id, and HEAD without it', async () => {
      const page = await api.get<Page>(`/v1/events?source=${source}&limit=1`);
      const [line] = page.body.events;
      if (line === undefined) throw new Error('no line');
      expect(page.text).toContain((await api.get(`/v1/entries/${line.entry.index}`)).text);
      const byId = await api.get<Line>(`/v1/events/${line.entry.id.toUpperCase()}`);
      expect(byId.body).toEqual(line);
      const head = await api.request(`/v1/events/${line.entry.id}`, { method: 'HEAD' });
      expect([head.status, head.text]).toEqual([200, '']);
    });

    it('404 with the lag until the ledger has it', async () => {
      const answer = await api.get('/v1/events/00000000-0000-4000-8000-000000000000');
      expect(answer.body).toMatchObject({ code: 'not-found', lag: { events: 0, seconds: 0 } });
    });

    it('409 when several sources share the id, until one is named', async () => {
      const id = 'b8c3a0de-0000-4000-8000-000000000001';
      const [a, b] = [newSource(), newSource()];
      await api.post('/v1/events', [event({ source: a, id }), event({ source: b, id })]);
      await api.caughtUp();
      const both = await api.get(`/v1/events/${id}`);
      expect([both.status, both.body.code]).toEqual([409, 'ambiguous-id']);
      expect([...(both.body.sources as string[])].sort()).toEqual([a, b].sort());
      const one = await api.get<Line>(`/v1/events/${id}?source=${b}`);
      expect(one.body.entry.source).toBe(b);
    });
  });

  describe('sources', () => {
    it('are listed in order, page by page', async () => {
      const names: string[] = [];
      let cursor = '';
      for (;;) {
        const page = await api.get<{ sources: { source: string; count: number }[]; next: string | null }>(
          `/v1/sources?limit=2${cursor}`,
        );
        expect(page.status).toBe(200);
        names.push(...page.body.sources.map((one) => one.source));
        expect(page.headers.get('link')).toBe(
          page.body.next === null ? null : `</v1/sources?limit=2&cursor=${page.body.next}>; rel="next"`,
        );
        if (page.body.next === null) break;
        cursor = `&cursor=${page.body.next}`;
      }
      expect(names).toContain(source);
      expect(names).not.toContain('_access');
      expect(new Set(names).size).toBe(names.length);
      const all = await api.get<{ sources: Record<string, unknown>[] }>('/v1/sources?internal=true');
      expect(all.body.sources).toContainEqual({
        source,
        count: 25,
        lastRevision: 24,
        firstRecordedAt: expect.stringMatching(/Z$/) as string,
        lastRecordedAt: expect.stringMatching(/Z$/) as string,
      });
    });

    it('a stream is read forwards and backwards, with the revision to go on from', async () => {
      const read = async (query: string) => {
        const { body } = await api.get<{ events: { revision: number }[]; next: number | null }>(
          `/v1/sources/${source}/events?${query}`,
        );
        return [body.events.map(({ revision }) => revision), body.next];
      };
      expect(await read('limit=3')).toEqual([[0, 1, 2], 3]);
      expect(await read('limit=3&fromRevision=22')).toEqual([[22, 23, 24], null]);
      expect(await read('limit=3&fromRevision=99')).toEqual([[], null]);
      expect(await read('limit=2&direction=backwards')).toEqual([[24, 23], 22]);
      expect(await read('limit=2&direction=backwards&fromRevision=1')).toEqual([[1, 0], null]);
    });

    it('a stream names its next page in a link, too', async () => {
      const link = async (query: string) =>
        (await api.get(`/v1/sources/${source}/events?${query}`)).headers.get('link');
      const path = `/v1/sources/${source}/events`;
      expect(await link('limit=3')).toBe(`<${path}?limit=3&fromRevision=3>; rel="next"`);
      expect(await link('limit=2&direction=backwards&fromRevision=9')).toBe(
        `<${path}?limit=2&direction=backwards&fromRevision=7>; rel="next"`,
      );
      expect(await link('fromRevision=22')).toBe(null);
    });

    it('what other programs wrote is shown as it is', async () => {
      const foreign = newSource();
      await throwAtLog(api.database.apiUrl, [
        { source: foreign, type: 't', data: Buffer.from([0xff, 0x00]), metadata: '' },
        { source: foreign, type: 'a\0b', data: '{"b" : 1.0,"a":1,"a":2}', metadata: '{"v":1}' },
      ]);
      const { body } = await api.get<{ events: Record<string, unknown>[] }>(`/v1/sources/${foreign}/events`);
      expect(body.events).toMatchObject([
        { revision: 0, payloadBase64: '/wA=', metadataBase64: '' },
        { revision: 1, type: 'a\0b', payloadBase64: expect.any(String) as string, metadata: { v: 1 } },
      ]);
      await api.caughtUp();
      const lines = await api.get<Page>(`/v1/events?source=${foreign}&order=asc`);
      expect(lines.body.events.map(({ entry }) => entry.verdict)).toEqual(['rejected', 'rejected']);
      expect(lines.body.events[0]).toMatchObject({ payloadBase64: '/wA=', metadataBase64: '' });
    });
  });

  it('GET /v1/head and /stats agree with the entries', async () => {
    await api.caughtUp();
    const head = await api.get<{ size: number; hash: string }>('/v1/head');
    const last = await api.get<{ hash: string }>(`/v1/entries/${head.body.size - 1}`);
    expect(last.body.hash).toBe(head.body.hash);
    const { body } = await api.get<Stats>('/stats');
    const { accepted, rejected, duplicate } = body.verdicts;
    expect(accepted + rejected + duplicate).toBe(head.body.size);
    expect([body.events, body.counted]).toEqual([head.body.size, head.body.size]);
    const none = { rejected: 0, duplicate: 0 };
    expect(body.bySource.most[0]).toEqual({ source, events: 25, verdicts: { accepted: 25, ...none } });
    expect(body.byType.most).toContainEqual({ type: 'odd', events: 12, verdicts: { accepted: 12, ...none } });
    // all but what another program wrote, whose time is the log's, was recorded by this test
    expect(body.rates.day.events).toBe(head.body.size);
    expect(body.rates.minute.perSecond).toBeCloseTo(body.rates.minute.events / 60, 2);
  });

  it('asks the database for /stats once a second at most, whoever asks', async () => {
    let asked = 0;
    const one = await startApi({
      database: api.database,
      project: false,
      wrapReader: (reader) => ({ ...reader, stats: () => (asked++, reader.stats()) }),
    });
    await Promise.all(Array.from({ length: 20 }, () => one.get('/stats')));
    expect(asked).toBe(1);
    await expect.poll(async () => (await one.get('/stats'), asked), { timeout: 5_000 }).toBe(2);
    await one.close();
  });

  it('a query that takes too long ends with a problem that says so, and the server goes on', async () => {
    const reader = openReader({ url: api.database.apiUrl, queryLimitMs: 300 });
    const one = await startApi({ database: api.database, project: false, wrapReader: () => reader });
    await asSuperuser(api.database, async (client) => {
      await client.query('BEGIN; LOCK TABLE ledger.entry IN ACCESS EXCLUSIVE MODE');
      const paths = [
        '/v1/events',
        '/v1/events?payload.n=7',
        '/v1/events?since=2026-01-01T00:00:00Z',
        '/stats',
      ];
      for (const answer of await Promise.all(paths.map((path) => one.get(path)))) {
        expect([answer.status, answer.body.code]).toEqual([503, 'too-slow']);
        expect(answer.body.detail).toContain('narrower');
        expect(answer.headers.get('retry-after')).toBe('2');
      }
      expect((await one.get('/livez')).status).toBe(200);
      await client.query('ROLLBACK');
    });
    expect((await one.get('/v1/events')).status).toBe(200);
    await one.close();
    await reader.close();
  });

  it('an empty ledger has a head, no sources and no events', async () => {
    const empty = await startApi();
    expect((await empty.get('/v1/head')).body).toEqual({ size: 0, hash: '0'.repeat(64), recordedAt: null });
    expect((await empty.get('/v1/events')).body).toEqual({ events: [], next: null });
    expect((await empty.get('/v1/sources')).body).toEqual({ sources: [], next: null });
    expect((await empty.get('/v1/entries/0')).status).toBe(404);
    expect((await empty.get('/v1/verify')).body).toMatchObject({ intact: true, checked: 0, size: 0 });
    expect((await empty.get('/events')).body).toEqual([]);
    await empty.close();
  });

  describe('the plain contract', () => {
    it('takes an event, and gives it back once the ledger has it', async () => {
      const plain = newSource();
      const sent = event({ source: plain, timestamp: '2026-01-01T00:00:00+01:00' });
      const answer = await api.post<{ eventId: string }>('/events', sent);
      expect(answer.status).toBe(202);
      expect(Object.keys(answer.body)).toEqual(['status', 'eventId']);
      await api.post('/events', event({ source: plain, type: 'second' }));
      await api.caughtUp();
      const { body } = await api.get<Record<string, unknown>[]>(`/events?source=${plain}`);
      expect(body).toEqual([
        expect.objectContaining({ type: 'second', timestamp: null }) as unknown,
        {
          eventId: answer.body.eventId,
          source: plain,
          type: sent.type,
          payload: sent.payload,
          timestamp: '2026-01-01T00:00:00+01:00',
          receivedAt: expect.stringMatching(/Z$/) as string,
        },
      ]);
      const one = await api.get<unknown[]>(`/events?source=${plain}&type=second&limit=1`);
      expect(one.body).toHaveLength(1);
    });
  });
});
