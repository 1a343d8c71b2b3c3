import { once } from 'node:events';
import { connect } from 'node:net';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Instant } from '../../src/ledger/types.js';
import { AUTHORIZATION, basic, event, newSource, startApi, type TestApi } from '../support/api.js';
import { createLedgerDatabase } from '../support/ledger-database.js';
import { leading } from '../support/ledger-filler.js';
import { startServer } from '../support/postgres.js';

type Schema = Record<string, unknown>;

/** Header fields that clients may rely on: where one is sent, it is described. */
const TOLD = [
  'accept',
  'allow',
  'content-disposition',
  'content-location',
  'link',
  'location',
  'preference-applied',
  'retry-after',
  'www-authenticate',
];

interface OpenApi {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
}

interface Operation {
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Schema }> };
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Record<
    string,
    {
      readonly content?: Record<string, { readonly schema: Schema }>;
      readonly headers?: Record<string, { readonly schema: Schema }>;
    }
  >;
}

describe('operations', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.close());

  const anonymous = (path: string): Promise<Response> => fetch(`${api.url}${path}`);

  it('/livez and /readyz answer without credentials, and say in which state a projector is', async () => {
    const ask = async (path: string): Promise<unknown> => {
      const response = await anonymous(path);
      return [response.status, await response.json()];
    };
    expect(await ask('/livez')).toEqual([200, { status: 'ok' }]);
    await expect.poll(() => ask('/readyz')).toEqual([200, { status: 'ok', projector: 'leading' }]);
  });

  it('/health tells everybody the status, and the rest to those with credentials', async () => {
    await api.post('/v1/events', event());
    await api.caughtUp();
    await expect
      .poll(async () => (await api.get('/health')).body)
      .toEqual({
        status: 'ok',
        lag: { events: 0, seconds: 0 },
        head: { size: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
        alarms: [],
        lastVerification: null,
        projector: { state: 'leading', detail: null },
      });
    expect(await (await anonymous('/health')).json()).toEqual({ status: 'ok' });
  });

  it('/health shows the alarms that a projector kept, in whatever process it runs', async () => {
    const idle = await startApi({ project: false });
    const since = '2026-11-20T10:00:00.000Z';
    const alarm = { code: 'stream-deleted', source: 'billing', since, detail: 'by hand' };
    await leading(idle.database.projectorUrl, (leadership) =>
      leadership.keepAlarms([{ ...alarm, place: 'position 7', since: since as Instant }]),
    );
    expect((await idle.get('/health')).body).toMatchObject({ status: 'degraded', alarms: [alarm] });
    expect(await (await fetch(`${idle.url}/health`)).json()).toEqual({ status: 'degraded' });
    await idle.close();
  });

  it('events that wait for the projector are the lag', async () => {
    const idle = await startApi({ project: false });
    expect(await (await fetch(`${idle.url}/readyz`)).json()).toEqual({ status: 'ok' });
    expect((await idle.get('/health')).body).not.toHaveProperty('projector');
    await idle.post('/v1/events', [event(), event()]);
    await expect.poll(async () => (await idle.get('/health')).body).toMatchObject({ lag: { events: 2 } });
    await idle.close();
  });

  describe('/openapi.json', () => {
    let document: OpenApi;

    beforeAll(async () => {
      document = (await api.get<OpenApi>('/openapi.json')).body;
    });

    const operations = (): readonly (readonly [string, Operation])[] =>
      Object.entries(document.paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
      );

    it('describes every route in OpenAPI 3.1, with the schemas of its requests and answers', () => {
      expect(document.openapi).toBe('3.1.0');
      expect(operations().map(([name]) => name)).toEqual(
        expect.arrayContaining([
          'post /v1/events',
          'get /v1/events',
          'get /v1/events/{eventId}',
          'get /v1/entries/{index}',
          'get /v1/sources',
          'get /v1/sources/{source}/events',
          'get /v1/sources/{source}/events/{revision}',
          'get /v1/head',
          'get /v1/verify',
          'get /v1/export',
          'get /v1/schemas',
          'get /v1/schemas/{type}',
          'get /livez',
          'get /readyz',
          'get /health',
          'get /stats',
          'get /metrics',
          'get /openapi.json',
          'post /events',
          'get /events',
        ]),
      );
      for (const [name, operation] of operations()) {
        const successes = Object.keys(operation.responses).filter((status) => status.startsWith('2'));
        expect(successes, name).not.toHaveLength(0);
        if (/^(post|put)/.test(name)) expect(operation.requestBody, name).toBeDefined();
        for (const [status, response] of Object.entries(operation.responses)) {
          expect(Object.values(response.content ?? {})[0]?.schema, `${name} ${status}`).toBeDefined();
        }
      }
    });

    it('describes each line of an export, and the header fields that it comes with', async () => {
      await api.post('/v1/events', event());
      await api.caughtUp();
      const answer = await api.get('/v1/export');
      const described = document.paths['/v1/export']?.get?.responses[200];
      const validate = new Ajv2020({ strict: false }).compile(
        described?.content?.['application/x-ndjson']?.schema ?? false,
      );
      for (const line of answer.text.trimEnd().split('\n')) {
        expect(validate(JSON.parse(line)), line).toBe(true);
      }
      expect(validate({ manifest: {} })).toBe(false);
      expect(Object.keys(described?.headers ?? {})).toContain('Content-Disposition');
    });

    it('tells the truth about what is answered', async () => {
      const source = newSource();
      const queued = await api.post<{ eventId: string }>('/v1/events', event({ source }), {
        prefer: 'wait=10',
      });
      const answers: [string, string, Awaited<ReturnType<TestApi['get']>>][] = [
        ['post', '/v1/events', queued],
        ['post', '/v1/events', await api.post('/v1/events', event({ source }))],
        ['post', '/v1/events', await api.post('/v1/events', [event({ source }), 7])],
        ['post', '/v1/events', await api.post('/v1/events', [7])],
        ['post', '/v1/events', await api.post('/v1/events', 7)],
        ['post', '/v1/events', await api.post('/v1/events', 7, { 'content-type': 'text/plain' })],
        ['post', '/events', await api.post('/events', event({ source }))],
      ];
      for (const path of Object.keys(document.paths)) {
        if (document.paths[path]?.get === undefined) continue;
        const at = path
          .replace('{index}', '0')
          .replace('{revision}', '0')
          .replaceAll(/\{\w+\}/g, 'x');
        answers.push(
          ['get', path, await api.get(`${at}?x=1`)],
          ['get', path, await api.get(at, { accept: 'text/html' })],
          ['get', path, await api.get(at, { authorization: basic('admin', 'wrong') })],
        );
        if (path.includes('{'))
          answers.push(['get', path, await api.get(at.replace(/[0x]/, 'x'.repeat(1537)))]);
      }
      for (const [path, at] of [
        ['/v1/events', '/v1/events'],
        ['/v1/events', '/v1/events?limit=1&internal=true&order=asc'],
        ['/v1/events/{eventId}', `/v1/events/${queued.body.eventId}`],
        ['/v1/events/{eventId}', '/v1/events/00000000-0000-4000-8000-000000000000'],
        ['/v1/entries/{index}', '/v1/entries/0'],
        ['/v1/sources', '/v1/sources'],
        ['/v1/sources/{source}/events', `/v1/sources/${source}/events`],
        ['/v1/sources/{source}/events/{revision}', `/v1/sources/${source}/events/0`],
        ['/v1/head', '/v1/head'],
        ['/v1/verify', '/v1/verify'],
        ['/v1/schemas', '/v1/schemas'],
        ['/v1/schemas/{type}', '/v1/schemas/none'],
        ['/livez', '/livez'],
        ['/readyz', '/readyz'],
        ['/health', '/health'],
        ['/stats', '/stats'],
        ['/metrics', '/metrics'],
        ['/events', '/events'],
      ] as const) {
        answers.push(['get', path, await api.get(at)]);
      }
      for (const [method, path, answer] of answers) {
        const type = (answer.headers.get('content-type') ?? '').split(';')[0] ?? '';
        const contents = document.paths[path]?.[method]?.responses[answer.status]?.content ?? {};
        const schema = Object.entries(contents).find(([name]) => name.split(';')[0] === type)?.[1].schema;
        const what = `${method} ${path} ${answer.status} ${type}`;
        expect(schema, what).toBeDefined();
        const described = document.paths[path]?.[method]?.responses[answer.status]?.headers ?? {};
        const names = Object.keys(described).map((name) => name.toLowerCase());
        expect(names, what).toEqual(expect.arrayContaining(TOLD.filter((name) => answer.headers.has(name))));
        const ajv = new Ajv2020({ strict: false, allErrors: true });
        const validate = ajv.compile(schema ?? {});
        validate(type === 'text/plain' ? answer.text : answer.body);
        expect(validate.errors ?? [], what).toEqual([]);
      }
    });
  });

  it('logs hold no payload, no password and no URL', async () => {
    const lines: string[] = [];
    const one = await startApi({
      database: api.database,
      project: false,
      onLog: (line) => lines.push(line),
      wrapReader: (reader) => ({
        ...reader,
        events: () => Promise.reject(new Error('as the test wants it')),
      }),
    });
    await one.post('/v1/events', event({ source: newSource(), payload: 'confidential' }));
    await one.post('/v1/events', '{"confidential":');
    await one.get('/v1/events?payload.name=confidential');
    await one.get('/v1/head', { authorization: basic('admin', 'confidential') });
    await one.close();
    expect(lines.join('')).toContain('as the test wants it');
    expect(lines.join('')).not.toMatch(/confidential|Basic |payload\.name/);
  });

  describe('closing', () => {
    it('answers what is under way, ends idle connections and waits, in less than five seconds', async () => {
      const one = await startApi({ project: false });
      const idle = connect({ port: Number(new URL(one.url).port), host: '127.0.0.1' });
      await once(idle, 'connect');
      const half = connect({ port: Number(new URL(one.url).port), host: '127.0.0.1' });
      half.on('error', () => undefined);
      half.write('POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-le');
      const waiting = one.post('/v1/events', event({ source: newSource() }), { prefer: 'wait=30' });
      await expect.poll(async () => (await one.log.newest()) !== null).toBe(true);
      const verifying = await fetch(`${one.url}/v1/export`, { headers: { authorization: AUTHORIZATION } });
      const started = performance.now();
      await one.close();
      expect(performance.now() - started).toBeLessThan(5_000);
      expect((await waiting).status).toBe(202);
      await verifying.body?.cancel();
    });
  });

  describe('when PostgreSQL is stopped while running', () => {
    it('appends answer 503 with Retry-After and come back by themselves; nothing acknowledged is lost', async () => {
      const server = await startServer();
      const database = await createLedgerDatabase(server.superuserUrl);
      const one = await startApi({ database });
      const source = newSource();
      const post = () => one.post('/v1/events', event({ source, id: 'x' }));
      expect((await post()).status).toBe(202);
      await server.stop();

      const refused = await one.post('/v1/events', event({ source }));
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
      expect((await one.get('/v1/head')).status).toBe(503);
      await expect.poll(async () => (await fetch(`${one.url}/readyz`)).status).toBe(503);
      await expect.poll(() => one.get('/health')).toMatchObject({ status: 503, body: { status: 'down' } });
      expect((await fetch(`${one.url}/livez`)).status).toBe(200);

      await server.start();
      await expect
        .poll(async () => (await one.post('/v1/events', event({ source }))).status, { timeout: 20_000 })
        .toBe(202);
      expect((await post()).status).toBe(200);
      await one.caughtUp();
      expect((await one.get('/v1/verify')).body).toMatchObject({ intact: true });
      await one.close();
      await server.remove();
    });
  });
});
