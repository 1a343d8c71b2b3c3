import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Principal } from '../../src/access/principal.js';
import type { EventId } from '../../src/ledger/types.js';
import { tail } from '../../src/client/tail.js';
import { connect } from '../../src/client/connection.js';
import { basic, PASSWORD, startApi, type Answer, type TestApi } from '../support/api.js';

/** A UUID that sources share. */
const SHARED = '11111111-1111-4111-8111-111111111111';
const FOREIGN = '22222222-2222-4222-8222-222222222222';
const UNKNOWN = '33333333-3333-4333-8333-333333333333';

const OTHERS: readonly Principal[] = [
  { name: 'reader', roles: ['reader'], sources: ['billing.*', 'crm'] },
  { name: 'second', roles: ['reader'], sources: ['billing.*', 'crm'] },
  { name: 'everything', roles: ['reader'], sources: ['*'] },
  { name: 'nothing', roles: ['reader'], sources: [] },
];

interface Page {
  readonly events: readonly { readonly entry: { readonly source: string } }[];
  readonly next: string | null;
}

const OWN = /^(date|x-request-id|content-length|x-ratelimit-(remaining|reset))$/;

describe('a reader', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await startApi({ others: OTHERS });
    const event = (source: string, id: string) => ({
      source,
      type: 'a',
      actor: 'ada',
      payload: { k: 1 },
      id,
    });
    const taken = await api.post('/v1/events', [
      event('billing.eu', SHARED),
      event('secret', SHARED),
      event('billing.us', 'b'),
      event('secret', FOREIGN),
      event('crm', 'c'),
      event('crm.other', 'd'),
      event('billing', 'e'),
      event('secret', 'f'),
    ]);
    expect(taken.status).toBe(202);
    const registered = await api.request('/v1/schemas/b', {
      ...{ method: 'PUT', body: '{}' },
      headers: { 'content-type': 'application/json' },
    });
    expect(registered.status).toBe(202);
    await api.caughtUp();
  });

  afterAll(async () => {
    await api.close();
  });

  const as = (name: string) => ({ authorization: basic(name, PASSWORD) });
  const sourcesOf = (answer: Answer<Page>) => answer.body.events.map(({ entry }) => entry.source);

  /** All but what is made anew for each request: an id of it, which gets longer, and what is left of a minute. */
  const shown = ({ status, headers, text }: Answer) => ({
    status,
    headers: [...headers].filter(([name]) => !OWN.test(name)),
    text: text.replace(/"requestId":"[^"]+"/, ''),
  });

  it('sees the entries of its sources, and of no others, whatever it asks for', async () => {
    const own = ['billing.eu', 'billing.us', 'crm'];
    for (const query of ['', '?internal=true', '?type=a', '?actor=ada&internal=true', '?payload.k=1']) {
      const answer = await api.get<Page>(`/v1/events${query}`, as('reader'));
      expect(sourcesOf(answer).sort(), query).toEqual(own);
    }
    expect(sourcesOf(await api.get('/v1/events?source=secret', as('reader')))).toEqual([]);
    expect(sourcesOf(await api.get('/v1/events?source=secret&source=crm', as('reader')))).toEqual(['crm']);
    expect(sourcesOf(await api.get('/v1/events?since=2020-01-01T00:00:00Z', as('reader'))).length).toBe(3);
    expect(sourcesOf(await api.get('/v1/events?internal=true', as('nothing')))).toEqual([]);
    expect(sourcesOf(await api.get('/v1/events?internal=true'))).toContain('_schemas');
    expect(sourcesOf(await api.get('/v1/events?internal=true', as('everything')))).not.toContain('_schemas');
    expect(sourcesOf(await api.get('/v1/events', as('everything'))).length).toBe(8);
  });

  it('sees its sources page by page, and goes on with its own cursors alone', async () => {
    const first = await api.get<Page>('/v1/events?limit=2&order=asc', as('reader'));
    expect(first.body.events.length).toBe(2);
    const next = `/v1/events?limit=2&order=asc&cursor=${String(first.body.next)}`;
    const second = await api.get<Page>(next, as('reader'));
    expect([...sourcesOf(first), ...sourcesOf(second)].sort()).toEqual(['billing.eu', 'billing.us', 'crm']);
    expect(second.body.next).toBeNull();
    for (const other of ['second', 'everything', 'admin']) {
      const refused = await api.get(next, as(other));
      expect({ status: refused.status, code: refused.body.code }).toEqual({
        status: 400,
        code: 'invalid-cursor',
      });
    }
  });

  it('finds the same of a foreign id as of one that nobody has', async () => {
    const foreign = await api.get(`/v1/events/${FOREIGN}`, as('reader'));
    expect(foreign.status).toBe(404);
    expect(shown(foreign)).toEqual(shown(await api.get(`/v1/events/${UNKNOWN}`, as('reader'))));
    const named = await api.get(`/v1/events/${FOREIGN}?source=secret`, as('reader'));
    expect(shown(named)).toEqual(shown(foreign));
    const own = await api.get<Page['events'][0]>(`/v1/events/${SHARED}`, as('reader'));
    expect({ status: own.status, source: own.body.entry.source }).toEqual({
      status: 200,
      source: 'billing.eu',
    });
    expect((await api.get(`/v1/events/${SHARED}`)).status).toBe(409);
  });

  it('finds the same of a foreign entry as of one that is not there', async () => {
    const [entry] = await api.reader.entriesById(FOREIGN as EventId, { source: null, within: null });
    const index = entry?.header.index ?? 0;
    const foreign = shown(await api.get(`/v1/entries/${index}`, as('reader')));
    const absent = shown(await api.get('/v1/entries/999999', as('reader')));
    expect(foreign.status).toBe(404);
    expect(foreign.text.replace(`entry ${index} `, 'entry 999999 ')).toBe(absent.text);
  });

  it('lists its sources, page by page', async () => {
    const first = await api.get<{ sources: { source: string }[]; next: string }>(
      '/v1/sources?limit=2&internal=true',
      as('reader'),
    );
    expect(first.body.sources.map(({ source }) => source)).toEqual(['billing.eu', 'billing.us']);
    const second = await api.get<{ sources: { source: string }[]; next: string | null }>(
      `/v1/sources?limit=2&internal=true&cursor=${first.body.next}`,
      as('reader'),
    );
    expect(second.body).toMatchObject({ sources: [{ source: 'crm' }], next: null });
    expect(second.body.sources.length).toBe(1);
  });

  it('finds the same of a foreign stream as of one that nobody writes', async () => {
    const streams = ['secret', 'unheard-of', '_schemas'].map((source) => `/v1/sources/${source}/events`);
    for (const suffix of ['', '?direction=backwards', '/0']) {
      const [foreign, unknown, ledgers] = await Promise.all(
        streams.map(async (stream) => shown(await api.get(`${stream}${suffix}`, as('reader')))),
      );
      expect(foreign).toEqual(unknown);
      expect(ledgers).toEqual(unknown);
    }
    const own = await api.get<{ events: unknown[] }>('/v1/sources/crm/events', as('reader'));
    expect(own.body.events.length).toBe(1);
  });

  it('is told nothing of others by the other contracts', async () => {
    for (const path of ['/events', '/logs', '/api/logs', '/events/query?user_identity=ada']) {
      const { body } = await api.get<unknown[]>(path, as('reader'));
      expect(body.length, path).toBe(3);
      expect(JSON.stringify(body)).not.toContain('secret');
    }
    const foreign = await api.get(`/logs/${FOREIGN}`, as('reader'));
    expect(foreign.status).toBe(404);
    expect(shown(foreign)).toEqual(shown(await api.get(`/logs/${UNKNOWN}`, as('reader'))));
  });

  it('follows what comes of its sources, those included that are new', async () => {
    const over = new AbortController();
    const seen: string[] = [];
    const connection = connect({ url: api.url, user: 'reader', password: PASSWORD });
    const lines = tail(connection, { fromIndex: 0, signal: over.signal, filters: { internal: ['true'] } });
    const following = (async () => {
      for await (const { header } of lines) {
        seen.push(header.source);
        if (header.source === 'billing.new') return;
      }
    })();
    for (const source of ['secret', 'billing.new']) {
      await api.post('/v1/events', { source, type: 'a', payload: 1 });
    }
    await following;
    over.abort();
    expect(seen.sort()).toEqual(['billing.eu', 'billing.new', 'billing.us', 'crm']);
  });
});
