import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AUTHORIZATION, startApi, type TestApi } from '../support/api.js';
import { rawClient } from '../support/raw-client.js';

const ORIGIN = 'https://console.example';
const credentials = { authorization: AUTHORIZATION };

const SECURITY = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

describe('every answer', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await startApi({ project: false });
  });
  afterAll(() => api.close());

  it.each([
    ['a probe', 200, 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['a refusal', 401, 'GET /v1/head HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['no route', 404, `GET /none HTTP/1.1\r\nhost: x\r\nauthorization: ${AUTHORIZATION}\r\n\r\n`],
    ['the router', 400, 'GET /v1/sources/%ff/events HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['the router, too', 414, `GET /v1/sources/${'a'.repeat(2_000)}/events HTTP/1.1\r\nhost: x\r\n\r\n`],
    ['an expectation', 417, 'GET /livez HTTP/1.1\r\nhost: x\r\nexpect: more\r\n\r\n'],
    ['the parser', 400, 'hello\r\n\r\n'],
    ['a tunnel', 405, 'CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n'],
  ])('tells browsers to be careful, and the request its name: %s', async (_what, status, text) => {
    const client = rawClient(api.url, text);
    await expect.poll(client.received).toContain('\r\n\r\n');
    client.socket.destroy();
    const [head = '', body = ''] = client.received().split('\r\n\r\n');
    const [line, ...fields] = head.split('\r\n');
    const headers = Object.fromEntries(
      fields.map((field) => [
        field.slice(0, field.indexOf(':')).toLowerCase(),
        field.slice(field.indexOf(':') + 2),
      ]),
    );
    expect(line).toMatch(`HTTP/1.1 ${status} `);
    expect(headers).toMatchObject(SECURITY);
    expect(headers).not.toHaveProperty('server');
    if (status >= 400) expect(body).toContain(`"requestId":"${headers['x-request-id'] ?? ''}"`);
  });

  it('calls the request as it calls itself, where that is a word', async () => {
    const named = await api.get('/none', { 'x-request-id': 'proxy-1/4f:b' });
    expect([named.headers.get('x-request-id'), named.body.requestId]).toEqual([
      'proxy-1/4f:b',
      'proxy-1/4f:b',
    ]);
    for (const wrong of ['a b', '<b>', 'x'.repeat(129), 'a"', '']) {
      const id = (await api.get('/livez', { 'x-request-id': wrong })).headers.get('x-request-id');
      expect(id).toMatch(/^[\w-]{12}-[0-9a-z]+$/);
    }
  });

  it('says where it was chosen by Accept', async () => {
    expect((await api.get('/v1/events')).headers.get('vary')).toBe('accept');
    expect((await api.get('/v1/head')).headers.get('vary')).toBeNull();
  });

  it('is for no page of another origin, unless that was configured', async () => {
    const headers = { ...credentials, origin: ORIGIN, 'access-control-request-method': 'GET' };
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await fetch(`${api.url}/v1/events`, { method, headers });
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
    }
  });
});

describe('origins that were configured', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await startApi({ project: false, server: { corsOrigins: [ORIGIN] } });
  });
  afterAll(() => api.close());

  const allowed = ({ headers }: Response): string | null => headers.get('access-control-allow-origin');

  it('may ask before they send, without credentials', async () => {
    const asked = {
      origin: ORIGIN,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, ce-id',
    };
    const answer = await fetch(`${api.url}/v1/events`, { method: 'OPTIONS', headers: asked });
    expect([answer.status, allowed(answer)]).toEqual([204, ORIGIN]);
    expect(answer.headers.get('access-control-allow-methods')).toMatch(/\bPOST\b/);
    expect(answer.headers.get('access-control-allow-headers')).toBe('authorization, ce-id');
    expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
  });

  it('read answers, refusals among them, which caches keep for each by itself', async () => {
    const read = (path: string, headers: Record<string, string>) => fetch(`${api.url}${path}`, { headers });
    const answers = [
      await read('/v1/events', { ...credentials, origin: ORIGIN }),
      await read('/v1/head', { origin: ORIGIN }),
    ];
    expect(answers.map(({ status, headers }) => [status, headers.get('vary')])).toEqual([
      [200, 'accept, origin'],
      [401, 'origin'],
    ]);
    expect(answers.map(allowed)).toEqual([ORIGIN, ORIGIN]);
  });

  it('are those alone', async () => {
    for (const origin of ['https://console.example:444', 'http://console.example', 'null', `${ORIGIN}.x`]) {
      const headers = { ...credentials, origin, 'access-control-request-method': 'GET' };
      const [asked, read] = [
        await fetch(`${api.url}/v1/head`, { method: 'OPTIONS', headers }),
        await fetch(`${api.url}/v1/head`, { headers }),
      ];
      expect([asked.status, allowed(asked), read.status, allowed(read)]).toEqual([405, null, 200, null]);
      expect(read.headers.get('vary')).toBe('origin');
    }
  });
});
