import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Instant } from '../../src/ledger/types.js';
import { AUTHORIZATION, basic, event, newSource, startApi, type TestApi } from '../support/api.js';
import { createLedgerDatabase } from '../support/ledger-database.js';
import { leading } from '../support/ledger-filler.js';
import type { OpenApi, Operation } from '../support/open-api.js';
import { startServer } from '../support/postgres.js';

describe('operations', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.close());

  it('/livez and /readyz answer without credentials, and say in which state a projector is', async () => {
    const ask = async (path: string): Promise<unknown> => {
      const { status, body } = await api.anonymous(path);
      return [status, body];
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
    expect((await api.anonymous('/health')).body).toEqual({ status: 'ok' });
  });

  it('/health shows the alarms that a projector kept, in whatever process it runs', async () => {
    const idle = await startApi({ project: false });
    const since = '2026-11-20T10:00:00.000Z';
    const alarm = { code: 'stream-deleted', source: 'billing', since, detail: 'by hand' };
    await leading(idle.database.projectorUrl, (leadership) =>
      leadership.keepAlarms([{ ...alarm, place: 'position 7', since: since as Instant }]),
    );
    expect((await idle.get('/health')).body).toMatchObject({ status: 'degraded', alarms: [alarm] });
    expect((await idle.anonymous('/health')).body).toEqual({ status: 'degraded' });
    await idle.close();
  });

  it('events that wait for the projector are the lag', async () => {
    const idle = await startApi({ project: false });
    expect((await idle.anonymous('/readyz')).body).toEqual({ status: 'ok' });
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

    it('describes whatever is answered, and what a test is told is not described fails it', async () => {
      const source = newSource();
      const queued = await api.post<{ eventId: string }>('/v1/events', event({ source }), {
        prefer: 'wait=10',
      });
      await api.post('/v1/events', event({ source }));
      await api.post('/v1/events', [event({ source }), 7]);
      await api.post('/v1/events', [7]);
      await api.post('/v1/events', 7);
      await api.post('/v1/events', 7, { 'content-type': 'text/plain' });
      await api.post('/events', event({ source }));
      for (const [path, { get }] of Object.entries(document.paths)) {
        if (get === undefined) continue;
        const at = path.replace(/\{(index|revision)\}/g, '0').replaceAll(/\{\w+\}/g, 'x');
        await api.get(`${at}?x=1`);
        await api.get(at, { accept: 'nothing/known' });
        await api.get(at, { authorization: basic('admin', 'wrong') });
        await api.request(at, { method: 'PATCH' });
        if (path.includes('{')) await api.get(at.replace(/[0x]/, 'x'.repeat(1537)));
      }
      for (const at of [
        '/v1/events?limit=1&internal=true&order=asc',
        `/v1/events/${queued.body.eventId}`,
        '/v1/events/00000000-0000-4000-8000-000000000000',
        '/v1/entries/0',
        '/v1/sources',
        `/v1/sources/${source}/events`,
        `/v1/sources/${source}/events/0`,
        '/v1/schemas/none',
        '/nothing',
      ]) {
        await api.get(at);
      }
    });

    it('has examples that are taken as they stand', async () => {
      const asked = operations().flatMap(([name, { parameters = [], requestBody }]) => {
        const [method = '', path = ''] = name.split(' ');
        // credentials have ids that nobody can know before
        const at = parameters
          .filter((parameter) => parameter.in === 'path' && parameter.name !== 'credentialId')
          .reduce((url, { name: one, example }) => url.replace(`{${one}}`, String(example)), path);
        return Object.entries(requestBody?.content ?? {}).flatMap(([type, { examples = {} }]) =>
          Object.values(examples).map(({ value }) => ({
            method: method.toUpperCase(),
            path: at,
            type,
            value,
          })),
        );
      });
      expect(asked.length).toBeGreaterThan(10);
      const newKey = async (): Promise<string> => {
        const body = JSON.stringify({
          name: 'examples',
          roles: ['monitor'],
          kind: 'key',
          lifetimeSeconds: null,
        });
        const answer = await api.request('/v1/credentials', {
          ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body },
        });
        return (answer.body as { credential: { id: string } }).credential.id;
      };
      for (const { method, path, type, value } of asked) {
        const at = path.includes('{credentialId}') ? path.replace('{credentialId}', await newKey()) : path;
        const body = typeof value === 'string' ? value : JSON.stringify(value);
        const answer = await api.request(at, { method, headers: { 'content-type': type }, body });
        expect(answer.status, `${method} ${at} ${body} ${answer.text}`).toBeLessThan(300);
      }
    });

    it('is what each answer of a test is held to', async () => {
      const answer = await api.get('/v1/head');
      const exchange = {
        ...{ method: 'GET', path: '/v1/head', status: 200 },
        headers: answer.headers,
        body: JSON.stringify(answer.body),
      };
      const headers = (more: Record<string, string>) =>
        new Headers({ ...Object.fromEntries(answer.headers), ...more });
      expect(api.undescribed(exchange)).toEqual([]);
      const body = (more: object) => JSON.stringify({ ...(JSON.parse(exchange.body) as object), ...more });
      for (const [change, mistake] of [
        [{ status: 204 }, /status 204/],
        [{ headers: headers({ 'content-type': 'text/plain' }) }, /media type text\/plain/],
        [{ headers: headers({ 'x-new': '1' }) }, /x-new/],
        [{ headers: new Headers({ 'content-type': 'application/json' }) }, /x-request-id is missing/],
        [{ status: 401 }, /www-authenticate is missing/],
        [{ body: body({ extra: 1 }) }, /"extra"/],
        [{ body: body({ size: '1' }) }, /\/size must be integer/],
        [{ path: '/v1/heads', status: 200 }, /no such operation/],
        [{ method: 'DELETE', status: 405 }, /without Allow/],
      ] as const) {
        expect(api.undescribed({ ...exchange, ...change }).join('\n')).toMatch(mistake);
      }
    });
  });

  describe('/docs', () => {
    const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${api.url}${path}`, {
        headers: { authorization: AUTHORIZATION, ...headers },
        redirect: 'manual',
      });

    it('is where / leads to, for those with credentials, who are asked for them', async () => {
      const answer = await get('/', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/docs']);
      expect((await api.anonymous('/docs')).headers.get('www-authenticate')).toMatch(/^Basic /);
    });

    it('is a page whose parts all come from here, and that may load no others', async () => {
      const page = await get('/docs');
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(/^default-src 'none'; /);
      expect(policy).not.toMatch(/https?:|\*|unsafe/);
      const html = await page.text();
      const parts = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part = '']) => part);
      expect(parts).toContain('docs/page.js');
      for (const part of parts) {
        const answer = await get(`/${part}`);
        expect([part, answer.status, answer.headers.get('x-content-type-options')]).toEqual([
          part,
          200,
          'nosniff',
        ]);
      }
      expect(await (await get('/docs/page.js')).text()).toMatch(/url: 'openapi.json',[^]*validatorUrl: null/);
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
      await expect.poll(async () => (await one.anonymous('/readyz')).status).toBe(503);
      await expect.poll(() => one.get('/health')).toMatchObject({ status: 503, body: { status: 'down' } });
      expect((await one.anonymous('/livez')).status).toBe(200);

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
