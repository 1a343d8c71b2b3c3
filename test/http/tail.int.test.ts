import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMessages, type Message } from '../../src/client/event-stream.js';
import { followLedger } from '../../src/http/following.js';
import { LiveEntries } from '../../src/http/live-entries.js';
import { NO_FILTERS } from '../../src/ledger/filters.js';
import type { Index } from '../../src/ledger/types.js';
import { AUTHORIZATION, event, newSource, startApi, type TestApi } from '../support/api.js';
import { createLedgerDatabase } from '../support/ledger-database.js';
import { eventually } from '../support/ledger-process.js';
import { startServer } from '../support/postgres.js';

interface Tail {
  readonly response: Response;
  /** the next messages that have data */
  next(count: number): Promise<readonly Message[]>;
  /** the indexes of the next entries */
  indexes(count: number): Promise<readonly number[]>;
  /** whether the server has ended it */
  ended(): Promise<boolean>;
  leave(): void;
}

async function openTail(url: string, query = '', headers: Record<string, string> = {}): Promise<Tail> {
  const leaving = new AbortController();
  const response = await fetch(`${url}/v1/events/stream${query}`, {
    headers: { authorization: AUTHORIZATION, ...headers },
    signal: leaving.signal,
  });
  const messages = readMessages(response.body as unknown as AsyncIterable<Uint8Array>);
  const next = async (count: number): Promise<readonly Message[]> => {
    const taken: Message[] = [];
    while (taken.length < count) {
      const turn = await messages.next();
      if (turn.done === true) throw new Error(`the tail ended after ${taken.length} of ${count} messages`);
      if (turn.value.data !== null) taken.push(turn.value);
    }
    return taken;
  };
  return {
    response,
    next,
    indexes: async (count) => (await next(count)).map(({ id }) => Number(id)),
    ended: async () => {
      for (;;) if ((await messages.next()).done === true) return true;
    },
    leave: () => leaving.abort(),
  };
}

const upFrom = (from: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, n) => from + n);

const batchOf = (source: string, count: number): readonly unknown[] =>
  upFrom(0, count).map((n) => event({ source, type: n % 2 === 0 ? 'even' : 'odd', payload: { n } }));

const JSON_BODY = { 'content-type': 'application/json' };

describe('GET /v1/events/stream', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startApi({ tails: { most: 2, patienceMs: 1_000 } });
    await api.post('/v1/events', batchOf('before', 10));
    await api.caughtUp();
  });
  afterAll(() => api.close());

  const size = async (): Promise<number> => (await api.get<{ size: number }>('/v1/head')).body.size;

  it('begins with the place before the first entry that is looked at, so that nothing is missed', async () => {
    const from = await size();
    for (const [query, id] of [
      ['', `id: ${from - 1}\n`],
      ['?fromIndex=7', 'id: 6\n'],
      ['?fromIndex=0', ''],
    ] as const) {
      const leaving = new AbortController();
      const init = { headers: { authorization: AUTHORIZATION }, signal: leaving.signal };
      const response = await fetch(`${api.url}/v1/events/stream${query}`, init);
      const first = await response.body?.getReader().read();
      const [block = ''] = Buffer.from(first?.value ?? [])
        .toString()
        .split(/(?<=\n\n)/);
      expect(block).toBe(`retry: 1000\n${id}\n`);
      leaving.abort();
    }
  });

  it('has each entry as it is chained: its index as id, its line as data', async () => {
    const from = await size();
    const tail = await openTail(api.url, '', { 'accept-encoding': 'gzip' });
    expect(tail.response.status).toBe(200);
    expect(tail.response.headers.get('content-type')).toBe('text/event-stream');
    expect(tail.response.headers.get('cache-control')).toBe('no-store');
    expect(tail.response.headers.get('content-encoding')).toBeNull();
    for (const n of [0, 1]) {
      await api.post(
        '/v1/events',
        event({ source: newSource(), payload: { n, text: 'line\nbreaks \u2028' } }),
      );
      const [message] = await tail.next(1);
      expect(message).toMatchObject({ id: String(from + n), event: 'entry' });
      expect(message?.data).toBe((await api.get(`/v1/entries/${from + n}`)).text);
      const body = `id: ${message?.id ?? ''}\nevent: entry\ndata: ${message?.data ?? ''}\n\n`;
      const { status, headers } = tail.response;
      expect(api.undescribed({ method: 'GET', path: '/v1/events/stream', status, headers, body })).toEqual(
        [],
      );
    }
    tail.leave();
  });

  it('tells HEAD what it would begin with, and keeps no place for it', async () => {
    for (let n = 0; n < 3; n += 1) {
      const answer = await api.request('/v1/events/stream?fromIndex=0', { method: 'HEAD' });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
    const refused = await api.request('/v1/events/stream?limit=5', { method: 'HEAD' });
    expect(refused.status).toBe(400);
  });

  it('begins at fromIndex, or behind the last id that the client has seen', async () => {
    const end = await size();
    const first = await openTail(api.url, `?fromIndex=${end - 8}`);
    expect(await first.indexes(8)).toEqual(upFrom(end - 8, 8));
    first.leave();
    const resumed = await openTail(api.url, `?fromIndex=${end - 8}`, { 'last-event-id': String(end - 4) });
    expect(await resumed.indexes(3)).toEqual(upFrom(end - 3, 3));
    resumed.leave();
  });

  it('has what the filters ask for, and the ledger’s own only when asked', async () => {
    const source = newSource();
    const from = await size();
    await api.post('/v1/events', batchOf(source, 6));
    await api.caughtUp();
    const odd = await openTail(api.url, `?fromIndex=0&source=${source}&type=odd&payload.n=3&payload.n=5`);
    expect(await odd.indexes(2)).toEqual([from + 3, from + 5]);
    odd.leave();
    const end = await size();
    await api.request('/v1/schemas/of-the-tail', { method: 'PUT', body: '{}', headers: JSON_BODY });
    await api.post('/v1/events', event({ source }));
    await api.caughtUp();
    const all = await openTail(api.url, `?fromIndex=${end}&internal=true`);
    expect(await all.indexes(2)).toEqual([end, end + 1]);
    all.leave();
    const others = await openTail(api.url, `?fromIndex=${end}`);
    expect(await others.indexes(1)).toEqual([end + 1]);
    others.leave();
  });

  it.each([
    ['a place beyond the end', '?fromIndex=1000000', {}],
    ['an id that the ledger never gave', '', { 'last-event-id': '1000000' }],
    ['an id that is no index', '', { 'last-event-id': 'abc' }],
    ['a parameter of pages', '?limit=5', {}],
    ['an end', '?toIndex=5', {}],
    ['a bad time', '?since=yesterday', {}],
  ])('refuses %s', async (_what, query, headers) => {
    const { response } = await openTail(api.url, query, headers);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
  });

  it('serves so many at once, and others once a client has left', async () => {
    const tails = [await openTail(api.url), await openTail(api.url)];
    const { response } = await openTail(api.url);
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('5');
    for (const tail of tails) tail.leave();
    const again = await eventually('a free place', async () => {
      const tail = await openTail(api.url);
      return tail.response.status === 200 && tail;
    });
    again.leave();
  });

  it('ends the tail of a client that takes nothing, and says why', async () => {
    const from = await size();
    const large = { text: 'x'.repeat(200_000) };
    const batch = Array.from({ length: 30 }, () => event({ source: 'large', payload: large }));
    for (let n = 0; n < 3; n += 1) expect((await api.post('/v1/events', batch)).status).toBe(202);
    await api.caughtUp();

    const other = await openTail(api.url);
    const { port } = new URL(api.url);
    const socket = connect(Number(port), '127.0.0.1').setEncoding('utf8');
    let text = '';
    socket.on('data', (chunk: string) => (text += chunk));
    const head = ['GET /v1/events/stream?fromIndex=0 HTTP/1.1', 'Host: t', `Authorization: ${AUTHORIZATION}`];
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    await once(socket, 'data');
    socket.pause();
    await eventually('a place again, as the slow client is given up', async () => {
      const tail = await openTail(api.url);
      tail.leave();
      return tail.response.status === 200;
    });
    other.leave();
    socket.resume();
    await once(socket, 'end');
    socket.destroy();
    const ids = [...text.matchAll(/^id: (\d+)\nevent: entry$/gm)].map(([, id]) => Number(id));
    expect(ids.length).toBeGreaterThan(5);
    expect(ids.length).toBeLessThan(from + 90);
    expect(text).toMatch(/event: problem\ndata: \{.*"code":"slow-reader".*\}\n\n/);
  });

  it('ends when the server stops, at once', async () => {
    const stopping = await startApi({ database: api.database, project: false });
    const tail = await openTail(stopping.url);
    const started = performance.now();
    await Promise.all([stopping.close(), tail.ended()]);
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});

describe('a tail', () => {
  it('goes on where it was when the database comes back', async () => {
    const server = await startServer({ durable: true });
    const database = await createLedgerDatabase(server.superuserUrl);
    const api = await startApi({ database });
    try {
      const source = newSource();
      const tail = await openTail(api.url, `?source=${source}`);
      await api.post('/v1/events', batchOf(source, 3));
      const before = await tail.indexes(3);
      await server.kill();
      await server.start();
      await eventually('events to be taken again', async () => {
        const { status } = await api.post('/v1/events', batchOf(source, 3));
        return status === 202;
      });
      expect(await tail.indexes(3)).toEqual(upFrom((before.at(-1) ?? 0) + 1, 3));
      tail.leave();
    } finally {
      await api.close();
      await server.remove();
    }
  });

  it('shares what it reads with all others', async () => {
    let questions = 0;
    const api = await startApi({
      wrapReader: (reader) => ({
        ...reader,
        events: (...asked) => {
          questions += 1;
          return reader.events(...asked);
        },
      }),
    });
    try {
      const tails = await Promise.all(upFrom(0, 30).map(() => openTail(api.url, '?type=odd')));
      for (let n = 0; n < 3; n += 1) {
        await api.post('/v1/events', batchOf('shared', 4));
        const seen = await Promise.all(tails.map((tail) => tail.indexes(2)));
        expect(seen).toEqual(tails.map(() => [4 * n + 1, 4 * n + 3]));
      }
      // a batch may come in parts
      expect(questions).toBeLessThan(tails.length);
      for (const tail of tails) tail.leave();
    } finally {
      await api.close();
    }
  });

  it('gives a sign of life where nothing matches', async () => {
    const api = await startApi();
    try {
      await api.post('/v1/events', batchOf('other', 5));
      await api.caughtUp();
      const ended = new AbortController();
      const stretches = followLedger({
        ...{ reader: api.reader, live: new LiveEntries(api.reader) },
        ...{ filters: { ...NO_FILTERS, sources: ['none'] }, from: 0 as Index },
        ...{ signal: ended.signal, silenceMs: 50 },
      });
      const { size } = await api.reader.head();
      for (let n = 0; n < 3; n += 1)
        expect((await stretches.next()).value).toMatchObject({ entries: [], next: size });
      ended.abort();
      expect((await stretches.next()).done).toBe(true);
    } finally {
      await api.close();
    }
  });
});
