import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newSource, startApi, type Answer, type TestApi } from '../../support/api.js';
import { throwAtLog } from '../../support/event-log.js';

interface Line {
  readonly entry: Record<string, unknown>;
  readonly metadata: Record<string, unknown>;
  readonly payload: unknown;
}

type Shown = Record<string, unknown>;

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

/** What the ledger has of an event. */
async function recorded(eventId: unknown): Promise<Line> {
  await api.caughtUp();
  return (await api.get<Line>(`/v1/events/${String(eventId)}`)).body;
}

interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly answer: unknown;
}

/** The requests of a document with their answers, in order: an ellipsis stands for any text. */
async function exchangesOf(document: string): Promise<readonly Exchange[]> {
  const text = await readFile(new URL(`../../../docs/${document}`, import.meta.url), 'utf8');
  return [...text.matchAll(/```http\n(.*?)\n```/gs)].map(([, block = '']) => {
    const [asked = '', answered = ''] = block.split('\n\nHTTP/1.1 ');
    const [, method = '', path = ''] = /^(\w+) (\S+) HTTP\/1\.1/.exec(asked) ?? [];
    const [head, answer] = splitOnce(answered, '\n\n');
    const headers = head
      .split('\n')
      .slice(1)
      .map((line) => splitOnce(line, ': '));
    const body = splitOnce(asked, '\n\n')[1];
    return {
      method,
      path,
      body,
      status: Number.parseInt(head, 10),
      headers,
      answer: loosened(JSON.parse(answer)),
    };
  });
}

function splitOnce(text: string, at: string): readonly [string, string] {
  const place = text.indexOf(at);
  return place === -1 ? [text, ''] : [text.slice(0, place), text.slice(place + at.length)];
}

/** Any text in the place of an ellipsis. */
function loosened(value: unknown): unknown {
  if (value === '…') return expect.any(String);
  if (Array.isArray(value)) return value.map(loosened);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, loosened(item)]));
}

it('the examples of docs/drop-in.md are answered as they say, each as soon as the one before', async () => {
  const exchanges = await exchangesOf('drop-in.md');
  expect(exchanges.length).toBeGreaterThan(8);
  for (const { method, path, body, status, headers, answer } of exchanges) {
    const given = await api.request(path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === '' ? {} : { body }),
    } as RequestInit);
    expect([`${method} ${path}`, given.status, given.body]).toEqual([`${method} ${path}`, status, answer]);
    for (const [name, value] of headers) {
      const [start = ''] = value.split('…');
      expect(given.headers.get(name), name).toContain(start);
    }
  }
});

interface Refused {
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer?: string; readonly parameter?: string }[];
}

const placesOf = ({ status, body }: Answer<Refused>): unknown[] => [
  status,
  ...(body.errors ?? []).map((place) => place.pointer ?? place.parameter),
];

const typed = { event_type: 'a.b', user_identity: 'ada', event_data: { n: 1 } };
const action = { userId: 'ada', action: 'a.b', metadata: { n: 1 } };
const log = { who: 'ada', what: 'a.b', where: 'here', n: 1 };
const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

describe('what is recorded', () => {
  it('of event_type, user_identity and event_data', async () => {
    const beside = {
      id: newSource(),
      timestamp: '2026-11-20T10:00:00Z',
      subject: 's',
      context: { ip: '::1' },
    };
    const answer = await api.post<{ id: string }>('/events', { ...typed, event_data: 'text', ...beside });
    expect([answer.status, Object.keys(answer.body)]).toEqual([201, ['id']]);
    expect((await api.get<{ id: string }>(answer.headers.get('location') ?? '')).body.id).toBe(
      answer.body.id,
    );
    expect(await recorded(answer.body.id)).toMatchObject({
      entry: { source: 'admin', type: 'a.b', actor: 'ada', recordedBy: 'admin', verdict: 'accepted' },
      metadata: beside,
      payload: 'text',
    });
  });

  it('of userId, action, metadata and traceId', async () => {
    const { body } = await api.post<Shown>('/api/logs', { ...action, traceId: 't-2' });
    expect(await recorded(body.eventId)).toMatchObject({
      entry: { source: 'admin', type: 'a.b', actor: 'ada' },
      metadata: { subject: 't-2' },
      payload: { n: 1 },
    });
    const made = (await api.post<Shown>('/api/logs', { userId: 'ada', action: 'a.b' })).body;
    expect(made.traceId).toMatch(/^[0-9a-f-]{36}$/);
    const withNull = await api.post<Shown>('/api/logs', { ...action, traceId: null });
    expect([withNull.status, withNull.body.traceId]).toEqual([202, expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    expect(await recorded(made.eventId)).toMatchObject({
      metadata: { subject: made.traceId },
      payload: null,
    });
    const shown = await api.get<Shown[]>(`/api/logs?traceId=${String(made.traceId)}`);
    expect(shown.body).toMatchObject([{ eventId: made.eventId, userId: 'ada', metadata: null }]);
  });

  it('of who, what, when, where, and whatever else', async () => {
    const when = '2026-11-20T11:00:00+01:00';
    for (const names of [log, { actor: 'ada', type: 'a.b', source: 'here', n: 1 }]) {
      const { body } = await api.post<{ id: string }>('/logs', {
        ...names,
        timestamp: when,
        context: {},
        'x/y': [],
      });
      const expected = { payload: { n: 1, context: {}, 'x/y': [] } };
      expect(await recorded(body.id)).toMatchObject({
        entry: { source: 'here', type: 'a.b', actor: 'ada', occurredAt: '2026-11-20T10:00:00.000Z' },
        ...expected,
      });
      expect((await api.get<Shown>(`/logs/${body.id.toUpperCase()}`)).body).toMatchObject({
        when,
        ...expected,
      });
    }
    const bare = await api.post<{ id: string }>('/logs', { who: 'ada', what: 'a.b' });
    expect(await recorded(bare.body.id)).toMatchObject({ entry: { source: 'admin' }, payload: {} });
    const whole = await api.post<{ id: string }>('/logs', { who: 'ada', what: 'a.b', payload: [nested(63)] });
    expect(await recorded(whole.body.id)).toMatchObject({ payload: [nested(63)] });
  });

  it.each<[unknown, string]>([
    [42, '42'],
    [1e2, '100'],
    [{ name: 'Ada', id: 7 }, '{"id":7,"name":"Ada"}'],
  ])('of an actor that is %j, its canonical text', async (actor, text) => {
    const about = newSource();
    await api.post('/events', { event_type: about, user_identity: actor, event_data: 1 });
    await api.post('/api/logs', { userId: actor, action: about });
    await api.post('/logs', { who: actor, what: about });
    await api.caughtUp();
    const { body } = await api.get<{ events: Line[] }>(`/v1/events?type=${about}`);
    expect(body.events.map(({ entry }) => entry.actor)).toEqual([text, text, text]);
    const asked = encodeURIComponent(JSON.stringify(actor));
    for (const query of [
      `events/query?user_identity=${asked}`,
      `api/logs?userId=${asked}`,
      `logs?who=${asked}`,
    ]) {
      const shown = await api.get<unknown[]>(
        `/${query}&${query.startsWith('e') ? 'event_type' : query.startsWith('a') ? 'action' : 'what'}=${about}`,
      );
      expect(shown.body, query).toHaveLength(3);
    }
  });

  it('under an id: once, and again is answered as before; another event under it is a conflict', async () => {
    for (const [path, event, other] of [
      ['/events', typed, { event_data: 2 }],
      ['/api/logs', action, { metadata: 2 }],
      ['/logs', log, { n: 2 }],
    ] as const) {
      const sent = { ...event, id: newSource() };
      const first = await api.post<Refused>(path, sent);
      const again = await api.post<Refused>(path, sent);
      expect([again.status, again.text]).toEqual([first.status, first.text]);
      const conflict = await api.post<Refused>(path, { ...sent, ...other });
      expect(placesOf(conflict)).toEqual([409, '/id']);
    }
  });
});

describe('what is refused', () => {
  it.each<[string, unknown, readonly string[]]>([
    ['/events', {}, ['']],
    ['/events', { id: 'x' }, ['']],
    ['/events', { ...typed, source: 's' }, ['/source']],
    ['/events', { source: 's', type: 't', payload: 1, user_identity: 'ada' }, ['/user_identity']],
    ['/events', { event_type: 'a' }, ['/user_identity', '/event_data']],
    ['/events', { ...typed, event_type: '', user_identity: true }, ['/event_type', '/user_identity']],
    ['/events', { ...typed, user_identity: null }, ['/user_identity']],
    ['/events', { ...typed, user_identity: { text: 'é'.repeat(256) } }, ['/user_identity']],
    ['/events', { ...typed, traceId: 't', 'a/b': 1 }, ['/traceId', '/a~1b']],
    ['/events', { ...typed, timestamp: 'yesterday' }, ['/timestamp']],
    ['/events', [typed], ['']],
    ['/api/logs', {}, ['/userId', '/action']],
    ['/api/logs', { ...action, userId: ['ada'] }, ['/userId']],
    ['/api/logs', { ...action, traceId: 7 }, ['/traceId']],
    ['/api/logs', { ...action, subject: 's' }, ['/subject']],
    ['/api/logs', [action], ['']],
    ['/api/logs', 'text', ['']],
    ['/logs', {}, ['/who', '/what']],
    ['/logs', { ...log, actor: 'bob' }, ['/actor']],
    ['/logs', { ...log, where: '..', when: 1790000000 }, ['/where', '/when']],
    ['/logs', { ...log, payload: 1 }, ['/n']],
    ['/logs', { ...log, id: 7 }, ['/id']],
    ['/logs', { ...log, deep: nested(64) }, ['']],
    ['/logs', [log], ['']],
  ])('POST %s %j: 422 at %j', async (path, body, places) => {
    const newest = await api.log.newest();
    expect(placesOf(await api.post<Refused>(path, JSON.stringify(body)))).toEqual([422, ...places]);
    expect(await api.log.newest()).toBe(newest);
  });

  it('who did it, as what it may be', async () => {
    const { body } = await api.post<Refused>('/api/logs', { ...action, userId: null });
    expect(body).toMatchObject({ detail: '/userId must be string, number or object' });
  });

  it('what a schema refuses, at the place where it was sent', async () => {
    const type = newSource();
    const schema = { properties: { n: { type: 'string' } }, required: ['m'] };
    await api.request(`/v1/schemas/${type}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(schema),
    });
    await api.caughtUp();
    await expect
      .poll(async () => placesOf(await api.post<Refused>('/events', { ...typed, event_type: type })))
      .toEqual([422, '/event_data', '/event_data/n']);
    expect(placesOf(await api.post<Refused>('/api/logs', { ...action, action: type }))).toEqual([
      422,
      '/metadata',
      '/metadata/n',
    ]);
    const whole = await api.post<Refused & { readonly detail: string }>('/logs', { ...log, what: type });
    expect(placesOf(whole)).toEqual([422, '', '/n']);
    expect(whole.body.detail).toContain("refuses it: the payload must have required property 'm'");
  });

  it('a reserved source, and too much', async () => {
    const reserved = await api.post<Refused>('/logs', { ...log, where: '_schemas' });
    expect([reserved.body.code, ...placesOf(reserved)]).toEqual(['reserved-source', 403, '/where']);
    const large = 'x'.repeat(256 * 1024);
    expect(placesOf(await api.post('/events', { ...typed, event_data: large }))).toEqual([
      413,
      '/event_data',
    ]);
    expect(placesOf(await api.post('/api/logs', { ...action, metadata: large }))).toEqual([413, '/metadata']);
    expect(placesOf(await api.post('/logs', { ...log, n: large }))).toEqual([413, '']);
  });

  it.each([
    ['/events/query?limit=0', 'limit'],
    ['/events/query?a..b=1', 'a..b'],
    ['/events/query?event_type=', 'event_type'],
    ['/api/logs?subject=x', 'subject'],
    ['/logs?who=a&actor=b', 'actor'],
    ['/logs?payload.n=1', 'payload.n'],
    ['/logs/x?where=a&where=b', 'where'],
  ])('GET %s: 400 at %s', async (path, parameter) => {
    expect(placesOf(await api.get<Refused>(path))).toEqual([400, parameter]);
  });
});

describe('what is shown', () => {
  it('accepted events of clients alone, by whatever contract they came', async () => {
    const source = newSource();
    const foreign = (type: string, data: string) => ({ source, type, data });
    await throwAtLog(api.database.apiUrl, [
      foreign('of another program', '{"b" : 1.0}'),
      foreign('no JSON', '{'),
      { source: '_access', type: 'of the ledger', data: '{}' },
    ]);
    const shown = await api.get<Shown[]>(`/logs?source=${source}`);
    expect(shown.body).toMatchObject([
      { what: 'of another program', who: null, when: null, payload: { b: 1 } },
    ]);
    expect((await api.get('/logs?where=_access')).body).toEqual([]);
    const { body } = await api.get<{ events: Line[] }>('/v1/events?source=_access&internal=true');
    const [internal] = body.events;
    expect((await api.get(`/logs/${String(internal?.entry.id)}`)).status).toBe(404);
  });

  it('by fields of the data, whatever they are called', async () => {
    const event_type = newSource();
    for (const event_data of [
      { n: 1, limit: 'x', list: [{ k: true }] },
      { n: '1' },
      'n',
      { n: { event_type: 'a' } },
    ]) {
      await api.post('/events', { event_type, user_identity: 'ada', event_data });
    }
    const asked = async (query: string): Promise<unknown> => {
      const { body } = await api.get<Shown[]>(`/events/query?event_type=${event_type}&${query}`);
      return body.map(({ event_data }) => event_data);
    };
    expect(await asked('n=1')).toEqual([{ n: '1' }, { n: 1, limit: 'x', list: [{ k: true }] }]);
    expect(await asked('n=%221%22')).toEqual([{ n: '1' }]);
    expect(await asked('event_data.limit=x&list.0.k=true')).toHaveLength(1);
    expect(await asked('event_data=n')).toEqual(['n']);
    expect(await asked('n.event_type=a')).toHaveLength(1);
    expect(await asked('event_data.n=1&limit=1')).toEqual([{ n: '1' }]);
    expect(await asked('nothing=1')).toEqual([]);
  });

  it('one of several sources that share an id, where it is said which', async () => {
    const id = '0f9c4f53-5a65-4e5f-9c1e-0d6a4b8a2f10';
    const [a, b] = [newSource(), newSource()];
    for (const where of [a, b]) await api.post('/logs', { ...log, where, id });
    await api.caughtUp();
    expect((await api.get<Refused>(`/logs/${id}`)).body.code).toBe('ambiguous-id');
    expect((await api.get(`/logs/${id}?where=${b}`)).body).toMatchObject({ id, where: b });
    expect((await api.get(`/logs/${id}?source=${a}`)).body).toMatchObject({ id, where: a });
    expect((await api.get('/logs/no-uuid')).status).toBe(404);
  });

  it('one by the id that its source gave it', async () => {
    const [id, where] = [`of ours/${newSource()}`, newSource()];
    const path = `/logs/${encodeURIComponent(id)}`;
    await api.post('/logs', { ...log, where, id });
    expect((await api.get(`${path}?where=${where}`)).body).toMatchObject({ where, payload: { n: 1 } });
    expect((await api.get(path)).status).toBe(404);
    await api.post('/logs', { who: 'ada', what: 'a.b', id });
    expect((await api.get(path)).body).toMatchObject({ where: 'admin', payload: {} });
  });
});
