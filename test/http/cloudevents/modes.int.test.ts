import { request as sendRaw } from 'node:http';
import { CloudEvent, HTTP, type Message } from 'cloudevents';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMessages } from '../../../src/client/event-stream.js';
import { AUTHORIZATION, event, newSource, startApi, type Answer, type TestApi } from '../../support/api.js';
import { EXAMPLES, fieldsOf, meaningOf, type Event } from './examples.js';

const STRUCTURED = { 'content-type': 'application/cloudevents+json' };
const BATCH = { 'content-type': 'application/cloudevents-batch+json' };
const AS_BATCH = { accept: 'application/cloudevents-batch+json' };
const AS_ONE = { accept: 'application/cloudevents+json' };

interface Refusal {
  readonly code: string;
  readonly detail: string;
  readonly errors: readonly {
    readonly pointer?: string;
    readonly header?: string;
    readonly keyword: string;
  }[];
}

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

/** What the SDK makes of an event goes over the wire as it is. */
function send({ headers, body }: Message, more: Record<string, string> = {}): Promise<Answer> {
  const fields = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  return api.post('/v1/events', body, { ...fields, ...more });
}

/** Everything that the ledger has of a source, as its lines and as CloudEvents, oldest first. */
async function read(source: string, query = ''): Promise<readonly Event[]> {
  await api.caughtUp();
  const path = `/v1/events?source=${encodeURIComponent(source)}&order=asc${query}`;
  const answer = await api.get<readonly Event[]>(path, AS_BATCH);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/cloudevents-batch+json; charset=utf-8');
  return answer.body;
}

/** What the SDK makes of pages, following their links. */
async function readPages(first: string): Promise<readonly unknown[]> {
  const read: unknown[] = [];
  for (let path: string | null = first; path !== null;) {
    const { headers, text }: Answer = await api.get(path, AS_BATCH);
    const page = HTTP.toEvent({
      headers: { 'content-type': headers.get('content-type') ?? '' },
      body: text,
    });
    read.push(...(page as CloudEvent<unknown>[]));
    path = /<([^>]*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1] ?? null;
  }
  return read;
}

describe('the CloudEvents SDK', () => {
  const full = (source: string) =>
    new CloudEvent({
      id: 'order 17',
      source,
      type: 'com.example.order.placed',
      time: '2026-11-20T10:00:00.000Z',
      subject: 'orders/17',
      datacontenttype: 'application/json',
      dataschema: 'https://example.com/order.json',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=b',
      extstring: 'x',
      extinteger: 7,
      extboolean: true,
      data: { amount: 12.5, tags: ['a', null] },
    });

  it('sends an event in structured mode, and has it back', async () => {
    const sent = full(newSource());
    const answer = await send(HTTP.structured(sent), { prefer: 'wait=20' });
    expect(answer).toMatchObject({ status: 201, body: { status: 'recorded', verdict: 'accepted' } });
    const path = `/v1/events/${String(answer.body.eventId)}`;
    const entry = `/v1/entries/${String(answer.body.index)}`;
    for (const place of [path, entry, answer.headers.get('location') ?? '']) {
      const { headers, text } = await api.get(place, AS_ONE);
      const back = HTTP.toEvent({
        headers: { 'content-type': headers.get('content-type') ?? '' },
        body: text,
      });
      expect(back).toEqual(sent);
    }
  });

  it('sends an event in binary mode, and has it back: types but strings are not told there', async () => {
    const sent = full(newSource());
    expect((await send(HTTP.binary(sent))).status).toBe(202);
    const [back] = await read(sent.source);
    expect(new CloudEvent(back as never)).toEqual(sent.cloneWith({ extinteger: '7', extboolean: 'true' }));
  });

  it('sends bytes and texts in both modes', async () => {
    for (const mode of [HTTP.structured, HTTP.binary]) {
      const source = newSource();
      const time = '2026-11-20T10:00:00.000Z';
      const core = { source, type: 't', time };
      const bytes = new CloudEvent({
        ...core,
        id: '1',
        datacontenttype: 'image/png',
        data: new Uint8Array([0, 255, 1]),
      });
      const text = new CloudEvent({ ...core, id: '2', datacontenttype: 'text/plain', data: 'Grüße\n' });
      const none = new CloudEvent({ ...core, id: '3', datacontenttype: 'text/plain' });
      for (const one of [bytes, text, none]) expect((await send(mode(one as CloudEvent))).status).toBe(202);
      const specversion = '1.0';
      expect(await read(source)).toEqual([
        { specversion, ...core, id: '1', datacontenttype: 'image/png', data_base64: 'AP8B' },
        { specversion, ...core, id: '2', datacontenttype: 'text/plain', data: 'Grüße\n' },
        { specversion, ...core, id: '3', datacontenttype: 'text/plain' },
      ]);
    }
  });

  it('sends a batch, and reads one, page by page', async () => {
    const source = newSource();
    const sent = ['1', '2', '3'].map((id) => full(source).cloneWith({ id }));
    const answer = await api.post('/v1/events', JSON.stringify(sent), BATCH);
    expect(answer.status).toBe(202);
    await api.caughtUp();
    expect(await readPages(`/v1/events?source=${source}&order=asc&limit=2`)).toEqual(sent);
  });

  it("reads a source's stream, page by page, as soon as an event is recorded", async () => {
    const source = `/orders/${newSource()}`;
    const sent = ['1', '2', '3'].map((id) => full(source).cloneWith({ id }));
    expect((await api.post('/v1/events', JSON.stringify(sent), BATCH)).status).toBe(202);
    const stream = `/v1/sources/${encodeURIComponent(source)}/events`;
    expect(await readPages(`${stream}?limit=2`)).toEqual(sent);
    expect(await readPages(`${stream}?limit=1&direction=backwards`)).toEqual(sent.toReversed());
    expect((await api.get(stream, AS_ONE)).status).toBe(406);
  });

  it('reads the tail, with the revision as the sequence', async () => {
    const source = newSource();
    const sent = [full(source), full(source).cloneWith({ id: 'order 18', sequence: 'its own' })];
    await api.post('/v1/events', JSON.stringify([...sent, event({ source })]), BATCH);
    await api.post('/v1/events', event({ source }));
    const leaving = new AbortController();
    const response = await fetch(
      `${api.url}/v1/events/stream?format=cloudevents&fromIndex=0&source=${source}`,
      {
        headers: { authorization: AUTHORIZATION },
        signal: leaving.signal,
      },
    );
    const read: unknown[] = [];
    for await (const { event: name, id, data } of readMessages(
      response.body as unknown as AsyncIterable<Uint8Array>,
    )) {
      if (data === null) continue;
      expect([name, id]).toEqual(['entry', expect.stringMatching(/^\d+$/)]);
      if (read.push(HTTP.toEvent({ headers: STRUCTURED, body: data })) === 3) break;
    }
    leaving.abort();
    const [first, second] = sent;
    expect(read.slice(0, 2)).toEqual([first?.cloneWith({ sequence: '0000000000000000' }), second]);
    expect(read[2]).toMatchObject({ sequence: '0000000000000002', source, data: event().payload });
    expect((await api.get('/v1/events/stream?format=xml')).status).toBe(400);
  });
});

describe("the specification's own examples", () => {
  /** Of a source that no other test uses, relative as it was, and no less valid. */
  const apart = (one: Event): Event => ({ ...one, source: `${one.source as string}#${newSource()}` });

  it.each(EXAMPLES)(
    'come out unchanged in meaning from structured mode and from a batch: $name',
    async ({ event }) => {
      const sent = apart(event);
      expect((await api.post('/v1/events', sent, STRUCTURED)).status).toBe(202);
      expect((await api.post('/v1/events', [sent], BATCH)).status).toBe(200);
      expect(await read(sent.source as string)).toEqual([meaningOf(sent)]);
    },
  );

  it.each(EXAMPLES.filter(({ body }) => body !== undefined))(
    'come out of binary mode, and are the same event as in structured mode: $name',
    async ({ event, body }) => {
      const sent: Event = { datacontenttype: 'application/json', ...apart(event) };
      expect((await api.post('/v1/events', body, fieldsOf(sent))).status).toBe(202);
      expect((await api.post('/v1/events', sent, STRUCTURED)).status).toBe(200);
      const [back] = await read(sent.source as string);
      const { comexampleothervalue: number, ...others } = meaningOf(sent);
      expect(back).toEqual({ ...others, ...(number === undefined ? {} : { comexampleothervalue: '5' }) });
    },
  );

  it('of an empty batch is taken, too', async () => {
    const answer = await api.post('/v1/events', [], BATCH);
    expect(answer).toMatchObject({ status: 202, body: { results: [] } });
  });
});

describe('a CloudEvent', () => {
  const one = (members: Event = {}): Event => ({
    specversion: '1.0',
    id: '1',
    source: newSource(),
    type: 't',
    data: { a: 1 },
    ...members,
  });

  it('that says something else under its identity is a conflict, and the place is told in its mode', async () => {
    const sent = one();
    await api.post('/v1/events', sent, STRUCTURED);
    const other = { ...sent, data: { a: 2 } };
    const answers = [
      await api.post<Refusal>('/v1/events', other, STRUCTURED),
      await api.post<Refusal>(
        '/v1/events',
        '{"a":2}',
        fieldsOf({ ...other, datacontenttype: 'application/json' }),
      ),
      await api.post<Refusal>('/v1/events', { source: sent.source, type: 't', id: '1', payload: { a: 1 } }),
    ];
    expect(answers.map(({ status, body }) => [status, body.code, body.errors[0]])).toMatchObject([
      [409, 'conflict', { pointer: '/id' }],
      [409, 'conflict', { header: 'ce-id' }],
      [409, 'conflict', { pointer: '/id' }],
    ]);
    const batch = await api.post('/v1/events', [other, sent], BATCH);
    expect(batch).toMatchObject({
      status: 207,
      body: { results: [{ status: 409, problem: { errors: [{ pointer: '/0/id' }] } }, { status: 200 }] },
    });
  });

  it('that its schema refuses is told where, in its mode', async () => {
    const type = newSource();
    const schema = { properties: { a: { type: 'string' } }, type: ['object', 'null'] };
    await api.request(`/v1/schemas/${type}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/schema+json' },
      body: JSON.stringify(schema),
    });
    await expect
      .poll(async () => (await api.get(`/v1/schemas/${type}`)).status, { timeout: 10_000 })
      .toBe(200);
    const wrong = one({ type });
    const structured = await api.post<Refusal>('/v1/events', wrong, STRUCTURED);
    expect(structured).toMatchObject({ status: 422, body: { errors: [{ pointer: '/data/a' }] } });
    const fields = fieldsOf({ ...wrong, datacontenttype: 'application/json' });
    const binary = await api.post<Refusal>('/v1/events', '{"a":1}', fields);
    expect(binary).toMatchObject({ status: 422, body: { errors: [{ pointer: '/a' }] } });
    const bytes = await api.post<Refusal>(
      '/v1/events',
      one({ type, data_base64: '', data: undefined as never }),
      STRUCTURED,
    );
    expect(bytes).toMatchObject({ status: 422, body: { errors: [{ pointer: '/data_base64' }] } });
    const batch = await api.post('/v1/events', [one(), wrong], BATCH);
    expect(batch).toMatchObject({
      status: 207,
      body: { results: [{ status: 202 }, { status: 422, problem: { errors: [{ pointer: '/1/data/a' }] } }] },
    });
    expect((await api.post('/v1/events', wrong, { ...STRUCTURED, prefer: 'handling=lenient' })).status).toBe(
      202,
    );
    await api.caughtUp();
    expect(await read(wrong.source as string, '&verdict=rejected')).toEqual([wrong]);
  });

  it('is read by its parts like any other event', async () => {
    const sent = one({ subject: 'c-1', actor: 'ada', datacontenttype: 'text/plain', data: 'x' });
    const { headers } = await api.post('/v1/events', sent, STRUCTURED);
    const now = await api.get(headers.get('location') ?? '');
    expect(now.body).toMatchObject({
      payload: 'x',
      metadata: {
        subject: 'c-1',
        actor: 'ada',
        cloudevent: { specversion: '1.0', datacontenttype: 'text/plain' },
      },
    });
    expect(await read(sent.source as string, '&subject=c-1&actor=ada&payload:=x')).toEqual([sent]);
  });

  it('is answered where it is asked for, else a line is', async () => {
    await api.post('/v1/events', one(), STRUCTURED);
    await api.caughtUp();
    for (const [path, type] of [
      ['/v1/events', 'application/cloudevents-batch+json'],
      ['/v1/entries/0', 'application/cloudevents+json'],
    ] as const) {
      const typeOf = async (accept: string): Promise<string | null> =>
        (await api.get(path, { accept })).headers.get('content-type');
      expect(await typeOf('application/*')).toMatch(/^application\/json/);
      expect(await typeOf(`application/json;q=0.5, ${type}`)).toBe(`${type}; charset=utf-8`);
      expect(await typeOf('application/cloudevents+xml')).toBe('application/problem+json');
      expect((await api.get(path, { accept: 'application/cloudevents+xml' })).status).toBe(406);
    }
    expect((await api.get('/v1/events', AS_ONE)).status).toBe(406);
  });

  it.each([
    ['of another format', { ...fieldsOf(one()), 'content-type': 'application/cloudevents+xml' }, 415],
    ['that is compressed', { ...fieldsOf(one()), 'content-encoding': 'gzip' }, 415],
    ['without its fields', { 'content-type': 'text/plain' }, 415],
    ['with one of its fields', { 'content-type': 'text/plain', 'ce-type': 't' }, 422],
    [
      'that is JSON in another charset',
      { ...fieldsOf(one()), 'content-type': 'application/json; charset=utf-16' },
      400,
    ],
    ['with a media type that is none', { ...fieldsOf(one()), 'content-type': 'xyz' }, 415],
  ])('in binary mode %s is refused', async (_what, headers, status) => {
    const answer = await api.post<Refusal>('/v1/events', Buffer.from([0xff, 0xfe]), headers);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    if (status === 415) expect(answer.headers.get('accept')).toContain('application/cloudevents+json');
  });

  it.each([
    ['no JSON', '{', STRUCTURED, 400, undefined],
    ['no array', {}, BATCH, 422, ''],
    ['an array', [], STRUCTURED, 422, ''],
    [
      'a number that no double is',
      '{"specversion":"1.0","id":"1","source":"s","type":"t","data":[9007199254740993]}',
      STRUCTURED,
      422,
      '/data/0',
    ],
    ['a name given twice', '{"specversion":"1.0","specversion":"1.0"}', STRUCTURED, 422, '/specversion'],
    ['a prototype', '{"__proto__":"x"}', STRUCTURED, 422, '/__proto__'],
  ])('of %s is refused', async (_what, body, headers, status, pointer) => {
    const answer = await api.post<Refusal>('/v1/events', body, headers);
    expect(answer.status).toBe(status);
    if (pointer !== undefined) expect(answer.body.errors[0]?.pointer).toBe(pointer);
  });

  /** With header fields that fetch would not send. */
  const sendFields = (fields: readonly string[]): Promise<{ status: number; body: Refusal }> =>
    new Promise((resolve, reject) => {
      const headers = ['authorization', AUTHORIZATION, 'host', 'x', 'content-length', '0', ...fields];
      const request = sendRaw(`${api.url}/v1/events`, { method: 'POST', headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            body: JSON.parse(Buffer.concat(chunks).toString()) as Refusal,
          });
        });
      });
      request.on('error', reject);
      request.end();
    });

  it('has every field once, however many there are', async () => {
    const fields = Object.entries(fieldsOf(one({ data: undefined as never }))).flat();
    expect((await sendFields(fields)).status).toBe(202);
    const twice = await sendFields([...fields, 'Ce-Id', '2']);
    expect(twice).toMatchObject({ status: 422, body: { errors: [{ header: 'ce-id', keyword: 'once' }] } });
    const types = await sendFields([...fields, 'content-type', 'a/b', 'content-type', 'c/d']);
    expect(types).toMatchObject({
      status: 422,
      body: { errors: [{ header: 'content-type', keyword: 'once' }] },
    });
    // also where Node.js would drop fields
    const many = Array.from({ length: 2_000 }, (_, n) => [`ce-${n}`, '']).flat();
    const last = await sendFields([...fields, ...many, 'ce-0', '']);
    expect(last).toMatchObject({ status: 422, body: { errors: [{ header: 'ce-0', keyword: 'once' }] } });
    const large = await sendFields([...fields, 'ce-ext', 'x'.repeat(40_000)]);
    expect(large).toMatchObject({ status: 431, body: { code: 'headers-too-large' } });
  });
});
