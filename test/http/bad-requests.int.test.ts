import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { administrator } from '../../src/access/principal.js';
import { writeCursor } from '../../src/http/cursor.js';
import type { Position } from '../../src/ledger/types.js';
import {
  AUTHORIZATION,
  basic,
  event,
  newSource,
  PASSWORD,
  startApi,
  type Answer,
  type TestApi,
} from '../support/api.js';

interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly requestId: string;
  readonly errors?: readonly {
    readonly pointer?: string;
    readonly parameter?: string;
    readonly keyword: string;
  }[];
}

describe('bad requests', () => {
  let api: TestApi;
  let newest: Position | null;

  beforeAll(async () => {
    api = await startApi({ project: false });
    await api.post('/v1/events', event());
  });
  afterAll(() => api.close());

  beforeEach(async () => {
    newest = await api.log.newest();
  });
  afterEach(async () => {
    expect(await api.log.newest(), 'nothing reaches the log').toBe(newest);
  });

  function expectProblem(answer: Answer<Problem>, status: number, code: string): Problem {
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({
      type: `urn:event-ledger:problem:${code}`,
      status,
      title: expect.any(String) as string,
      detail: expect.stringMatching(/./) as string,
      requestId: expect.stringMatching(/./) as string,
    });
    return answer.body;
  }

  const good = event({ source: newSource() });
  const withPayload = (payload: string): string => `{"source":"s","type":"t","payload":${payload}}`;
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

  describe('bodies', () => {
    it.each<[string, string | Buffer]>([
      ['nothing', ''],
      ['half an object', '{"source":'],
      ['two documents', '{} {}'],
      ['a trailing comma', '{"source":"s",}'],
      ['a comment', '{/**/}'],
      ['NaN', withPayload('NaN')],
      ['a leading zero', withPayload('01')],
      ['a raw line break in a string', withPayload('"a\nb"')],
      ['bad UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
      ['overlong UTF-8', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
      [
        'a byte order mark',
        Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(JSON.stringify(good))]),
      ],
      ['UTF-16', Buffer.from(JSON.stringify(good), 'utf16le')],
      ['a broken array', `[${JSON.stringify(good)},`],
    ])('%s is not JSON: 400', async (_what, body) => {
      expectProblem(await api.post<Problem>('/v1/events', body), 400, 'invalid-json');
    });

    it.each([
      ['a member given twice', withPayload('{"a":1,"a":1}'), '/payload/a'],
      ['an envelope member given twice', '{"source":"s","source":"s","type":"t","payload":1}', '/source'],
      ['a lone surrogate', withPayload('{"a":"\\ud800"}'), '/payload/a'],
      ['a noncharacter', withPayload('"\\uffff"'), '/payload'],
      ['U+0000', withPayload('["\\u0000"]'), '/payload/0'],
      ['a member named __proto__', withPayload('{"__proto__":1}'), '/payload/__proto__'],
      ['an integer that is not exact', withPayload('9007199254740993'), '/payload'],
      ['a decimal that is not exact', withPayload('0.10000000000000001'), '/payload'],
      ['a number too large', withPayload('1e400'), '/payload'],
      ['a number too small', withPayload('1e-400'), '/payload'],
      ['65 levels', withPayload(nested(65)), undefined],
    ])('%s is not I-JSON: 422', async (_what, body, pointer) => {
      const problem = expectProblem(await api.post<Problem>('/v1/events', body), 422, 'not-i-json');
      if (pointer !== undefined) expect(problem.errors?.[0]?.pointer).toBe(pointer);
      const inBatch = expectProblem(await api.post<Problem>('/v1/events', `[${body}]`), 422, 'not-i-json');
      if (pointer !== undefined) expect(inBatch.errors?.[0]?.pointer).toBe(`/0${pointer}`);
    });

    it.each<[string, unknown, string]>([
      ['no object', 7, ''],
      ['an unknown member', { ...good, extra: 1 }, '/extra'],
      ['a missing type', { source: 's', payload: 1 }, '/type'],
      ['a missing source', { type: 't', payload: 1 }, '/source'],
      ['a missing payload', { source: 's', type: 't' }, '/payload'],
      ['a type that is null', { ...good, type: null }, '/type'],
      ['an id that is a number', { ...good, id: 7 }, '/id'],
      ['an id that is null', { ...good, id: null }, '/id'],
      ['an actor that is null', { ...good, actor: null }, '/actor'],
      ['an empty actor', { ...good, actor: '' }, '/actor'],
      ['a subject with a control character', { ...good, subject: 'a\nb' }, '/subject'],
      ['a timestamp that is a number', { ...good, timestamp: 1790000000000 }, '/timestamp'],
      ['a source that is a number', { ...good, source: 7 }, '/source'],
      ['a source of two dots', { ...good, source: '..' }, '/source'],
      ['a source of 513 bytes', { ...good, source: 'é'.repeat(257) }, '/source'],
      ['a source with a control character', { ...good, source: 'a\u007fb' }, '/source'],
      ['a source that ends in white space', { ...good, source: 'a\u00a0' }, '/source'],
      ['a source that begins with ~', { ...good, source: '~sha256:00' }, '/source'],
      ['a type that begins with $', { ...good, type: '$streamDeleted' }, '/type'],
      ['an empty id', { ...good, id: '' }, '/id'],
      ['a bad date', { ...good, timestamp: '2026-13-01T00:00:00Z' }, '/timestamp'],
      ['a date without an offset', { ...good, timestamp: '2026-01-01T00:00:00' }, '/timestamp'],
      ['a year beyond 9999', { ...good, timestamp: '9999-12-31T23:59:59-01:00' }, '/timestamp'],
      ['a deep context', { ...good, context: JSON.parse(nested(33)) as unknown }, '/context'],
    ])('%s: 422', async (_what, body, pointer) => {
      const problem = expectProblem(await api.post<Problem>('/v1/events', body), 422, 'invalid-event');
      expect(problem.errors?.map((place) => place.pointer)).toContain(pointer);
      expectProblem(await api.post<Problem>('/events', body), 422, 'invalid-event');
    });

    it('reserved sources: 403, on every route', async () => {
      for (const source of ['_schemas', '_access', '_ledger', '_']) {
        expectProblem(await api.post<Problem>('/v1/events', event({ source })), 403, 'reserved-source');
        expectProblem(await api.post<Problem>('/events', event({ source })), 403, 'reserved-source');
      }
    });

    it('too large: 413', async () => {
      const large = event({ payload: 'x'.repeat(256 * 1024) });
      expectProblem(await api.post<Problem>('/v1/events', large), 413, 'too-large');
      const context = event({ context: 'x'.repeat(64 * 1024) });
      expectProblem(await api.post<Problem>('/v1/events', context), 413, 'too-large');
      expectProblem(await api.post<Problem>('/v1/events', Array(1001).fill(good)), 413, 'too-large');
      const body = Buffer.alloc(8 * 1024 * 1024 + 1, ' ');
      expectProblem(await api.post<Problem>('/v1/events', body), 413, 'too-large');
    });

    it('one event is sent in at most 2 MiB, alone or in a batch', async () => {
      const spaces = ' '.repeat(2 * 1024 * 1024);
      const long = `{${spaces}${JSON.stringify(good).slice(1)}`;
      expectProblem(await api.post<Problem>('/v1/events', long), 413, 'too-large');
      expectProblem(await api.post<Problem>('/events', long), 413, 'too-large');
      const headers = { 'content-type': 'application/x-ndjson' };
      const lines = await api.post<{ results: { problem: Problem }[] }>(
        '/v1/events',
        `\n7\n${long}`,
        headers,
      );
      expect(lines.body.results.map(({ problem }) => [problem.code, problem.errors?.[0]?.pointer])).toEqual([
        ['invalid-event', '/0'],
        ['too-large', '/1'],
      ]);
    });

    it.each([
      ['no type', { 'content-type': '' }],
      ['text', { 'content-type': 'text/plain' }],
      ['CloudEvents in another format', { 'content-type': 'application/cloudevents+avro' }],
      ['another charset', { 'content-type': 'application/json; charset=utf-16' }],
      ['nonsense', { 'content-type': 'json' }],
      ['a content coding', { 'content-encoding': 'gzip' }],
    ])('%s: 415', async (_what, headers) => {
      const answer = await api.post<Problem>('/v1/events', good, headers);
      expectProblem(answer, 415, 'unsupported-media-type');
      expect(answer.headers.get('accept')).toBe(
        'application/json, application/x-ndjson, application/cloudevents+json, application/cloudevents-batch+json',
      );
    });

    it('lines are for batches: the plain contract does not take them', async () => {
      const headers = { 'content-type': 'application/x-ndjson' };
      const answer = await api.post<Problem>('/events', JSON.stringify(good), headers);
      expectProblem(answer, 415, 'unsupported-media-type');
      expectProblem(await api.post<Problem>('/events', [good]), 422, 'invalid-event');
    });

    it('a hostile body takes no noticeable time', async () => {
      const bodies = [
        nested(1_000_000),
        '['.repeat(8_000_000),
        `{"a":`.repeat(1_000_000),
        withPayload(`"${'\\u00e9'.repeat(1_000_000)}`),
        withPayload(`1${'0'.repeat(5_000_000)}`),
        `[${'0,'.repeat(3_000_000)}0]`,
        JSON.stringify({ ...good, source: 'x'.repeat(7_000_000) }),
        JSON.stringify(Object.fromEntries(Array.from({ length: 300_000 }, (_, n) => [`m${n}`, n]))),
        withPayload(`[${'[],'.repeat(600_000)}0]`),
        `[${withPayload(`[${'0,'.repeat(4_000_000)}0]`)}]`,
        `[{"source":"s","type":"t","payload":1,"context":[${'[],'.repeat(2_700_000)}0]}]`,
      ];
      for (const body of bodies) {
        const before = process.cpuUsage();
        const answer = await api.post<Problem>('/v1/events', body);
        const { user, system } = process.cpuUsage(before);
        expect([400, 413, 422]).toContain(answer.status);
        expect(answer.text.length).toBeLessThan(20_000);
        expect((user + system) / 1_000, 'ms of all threads').toBeLessThan(2_500);
      }
    });
  });

  describe('URLs', () => {
    it.each([
      ['/v1/events?foo=1', 'foo'],
      ['/v1/events?limit=0', 'limit'],
      ['/v1/events?limit=501', 'limit'],
      ['/v1/events?limit=ten', 'limit'],
      ['/v1/events?order=up', 'order'],
      ['/v1/events?since=yesterday', 'since'],
      ['/v1/events?until=2026-02-30T00:00:00Z', 'until'],
      ['/v1/events?since=', 'since'],
      ['/v1/events?source=', 'source'],
      ['/v1/events?limit=1&limit=2', 'limit'],
      ['/v1/events?verdict=good', 'verdict'],
      ['/v1/events?internal=yes', 'internal'],
      ['/v1/events?source=%ff', 'source'],
      ['/v1/events?payload..a=1', 'payload..a'],
      ['/v1/events?cursor=AAAA', 'cursor'],
      ['/v1/sources?after=x', 'after'],
      ['/v1/sources/s/events?fromRevision=-1', 'fromRevision'],
      ['/v1/sources/s/events?direction=up', 'direction'],
      ['/v1/sources/s/events/0?x', 'x'],
      ['/v1/entries/0?x=', 'x'],
      ['/v1/head?x=1', 'x'],
      ['/v1/verify?mode=quick', 'mode'],
      ['/v1/verify?fromIndex=a', 'fromIndex'],
      ['/v1/export?order=asc', 'order'],
      ['/v1/export?fromIndex=2&toIndex=1', 'toIndex'],
      ['/events?actor=a', 'actor'],
      ['/events?source=', 'source'],
      ['/events?type=&limit=1', 'type'],
      ['/stats?x=1', 'x'],
      ['/health?x=1', 'x'],
    ])('%s: 400 and the parameter named', async (path, parameter) => {
      const answer = await api.get<Problem>(path);
      const problem = expectProblem(
        answer,
        400,
        parameter === 'cursor' ? 'invalid-cursor' : 'invalid-parameter',
      );
      expect(problem.errors?.[0]?.parameter).toBe(parameter);
    });

    it('one without a name is called so', async () => {
      const answer = await api.get<Problem>('/v1/head?=x');
      const { detail, errors } = expectProblem(answer, 400, 'invalid-parameter');
      expect(detail).toBe('A parameter without a name is no parameter of this route');
      expect(errors?.[0]?.parameter).toBe('');
    });

    it('a long name comes back without half a character', async () => {
      const name = `${'a'.repeat(99)}😀`;
      const answer = await api.get<Problem>(`/v1/head?${encodeURIComponent(name)}=1`);
      expect(expectProblem(answer, 400, 'invalid-parameter').errors?.[0]?.parameter).toBe(
        `${'a'.repeat(99)}…`,
      );
    });

    it('a cursor that was made up is refused, whatever place it is for', async () => {
      for (const [path, place] of [
        ['/v1/events', '1.5'],
        ['/v1/events', 'NaN'],
        ['/v1/events', '-5'],
        ['/v1/sources', 'a\0b'],
      ] as const) {
        const cursor = writeCursor(place, {
          ...{ route: path, parameters: new Map() },
          principal: administrator('admin'),
        });
        expectProblem(await api.get<Problem>(`${path}?cursor=${cursor}`), 400, 'invalid-cursor');
      }
    });

    it('an unknown parameter is refused on POST, too', async () => {
      expectProblem(await api.post<Problem>('/v1/events?dryRun=1', good), 400, 'invalid-parameter');
    });

    it.each([
      ['/v1/events/not-a-uuid', 400, 'bad-request'],
      ['/v1/entries/x', 400, 'bad-request'],
      ['/v1/entries/9007199254740993', 400, 'bad-request'],
      ['/v1/sources/s/events/01', 400, 'bad-request'],
      ['/v1/sources/%ff/events', 400, 'bad-request'],
      ['/v1/sources/%zz/events', 400, 'bad-request'],
      [`/v1/sources/${'a'.repeat(1537)}/events`, 414, 'uri-too-long'],
      ['/v1/entries/123456', 404, 'not-found'],
      ['/v1/events/00000000-0000-4000-8000-000000000000', 404, 'not-found'],
      ['/v1/sources/s/events/7', 404, 'not-found'],
      ['/nothing', 404, 'not-found'],
      ['/v1/', 404, 'not-found'],
      ['/v1/events/', 400, 'bad-request'],
      ['/v1/schemas/', 400, 'bad-request'],
      ['/v1/schemas/~x', 400, 'bad-request'],
    ])('%s: %i', async (path, status, code) => {
      expectProblem(await api.get<Problem>(path), status, code);
    });

    it('a name of 512 bytes is found under its percent-encoded form', async () => {
      const answer = await api.get(`/v1/sources/${encodeURIComponent('é'.repeat(256))}/events`);
      expect([answer.status, answer.body]).toEqual([200, { events: [], next: null }]);
    });

    it.each([
      ['DELETE', '/v1/events', 'GET, HEAD, POST'],
      ['POST', '/v1/head', 'GET, HEAD'],
      ['PUT', '/v1/entries/7', 'GET, HEAD'],
      ['HEAD', '/v1/export', 'GET'],
      ['OPTIONS', '/events', 'POST, GET, HEAD'],
    ])('%s %s: 405, and Allow says what is', async (method, path, allow) => {
      const answer = await api.request<Problem>(path, { method });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow]);
    });

    it.each([
      ['QUERY', '/v1/head', 405],
      ['PATCH', '/v1/head', 405],
      ['PATCH', '/nothing', 404],
    ])('%s %s with a body of no type: %i, whatever its body', async (method, path, status) => {
      const answer = await api.request(path, { method, headers: { 'content-type': '' }, body: '{}' });
      expect(answer.status).toBe(status);
    });

    it('what the client does not accept: 406, before anything is done', async () => {
      const headers = { accept: 'text/html' };
      expectProblem(await api.get<Problem>('/v1/head', headers), 406, 'not-acceptable');
      expectProblem(await api.post<Problem>('/v1/events', good, headers), 406, 'not-acceptable');
      expectProblem(
        await api.get<Problem>('/v1/export', { accept: 'application/json' }),
        406,
        'not-acceptable',
      );
    });
  });

  describe('credentials', () => {
    const challenge = 'Basic realm="event-ledger", charset="UTF-8", Bearer realm="event-ledger"';

    it.each([
      ['none', undefined],
      ['a wrong password', basic('admin', 'wrong')],
      ['a wrong user', basic('root', PASSWORD)],
      ['an empty password', basic('admin', '')],
      ['another scheme', 'Digest abc'],
      ['a token that is no key', 'Bearer abc'],
      ['a key that nobody was given', `Bearer el_0123456789ab_${'x'.repeat(43)}`],
      ['Base64 of control characters', basic('admin', '\0')],
      ['no Base64', 'Basic ???'],
      ['nothing after the scheme', 'Basic'],
      ['no colon', `Basic ${Buffer.from('admin').toString('base64')}`],
    ])('%s: 401', async (_what, authorization) => {
      for (const [method, path] of [
        ['GET', '/v1/head'],
        ['GET', '/openapi.json'],
        ['GET', '/stats'],
        ['GET', '/nothing'],
        ['POST', '/v1/events'],
        ['POST', '/events'],
      ] as const) {
        const answer = await api.anonymous<Problem>(path, {
          method,
          headers: {
            'content-type': 'application/json',
            ...(authorization === undefined ? {} : { authorization }),
          },
          ...(method === 'POST' ? { body: JSON.stringify(good) } : {}),
        });
        expect(answer.status).toBe(401);
        expect(answer.headers.get('www-authenticate')).toBe(
          authorization?.startsWith('Bearer ') ? `${challenge}, error="invalid_token"` : challenge,
        );
        expect(answer.body.code).toBe('unauthorized');
      }
    });

    it('wrong ones are refused where none are needed for the status of /health', async () => {
      const answer = await api.get<Problem>('/health', { authorization: basic('admin', 'wrong') });
      expectProblem(answer, 401, 'unauthorized');
    });
  });

  describe('what is hardly HTTP', () => {
    async function exchange(text: string): Promise<{ readonly status: number; readonly problem: Problem }> {
      const socket = connect({ port: Number(new URL(api.url).port), host: '127.0.0.1' });
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.write(text);
      await once(socket, 'close');
      const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n');
      expect(head.toLowerCase()).toContain('content-type: application/problem+json');
      return { status: Number(head.split(' ')[1]), problem: JSON.parse(body) as Problem };
    }

    it('a request that was read to its end gets its own answer, whatever follows it on the connection', async () => {
      const body = JSON.stringify({ ...good, type: '~' });
      const answer = await exchange(
        'POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n' +
          `content-length: ${Buffer.byteLength(body)}\r\nauthorization: ${AUTHORIZATION}\r\n\r\n${body}garbage`,
      );
      expect([answer.status, answer.problem.code]).toEqual([422, 'invalid-event']);
    });

    it.each([
      ['no HTTP at all', 'hello\r\n\r\n', 400, 'bad-request'],
      ['an unknown method', 'FROB / HTTP/1.1\r\nhost: x\r\n\r\n', 400, 'bad-request'],
      [
        'two lengths',
        'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
        400,
        'bad-request',
      ],
      [
        'a URL of 40,000 bytes',
        `GET /${'a'.repeat(40_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
        431,
        'headers-too-large',
      ],
      ['too many headers', `GET / HTTP/1.1\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`, 431, 'headers-too-large'],
      ['no Host', 'GET /livez HTTP/1.1\r\nconnection: close\r\n\r\n', 400, 'bad-request'],
      [
        'two Hosts',
        'GET /livez HTTP/1.1\r\nhost: x\r\nHost: y\r\nconnection: close\r\n\r\n',
        400,
        'bad-request',
      ],
      [
        'one twice',
        'GET /livez HTTP/1.1\r\nhost: x\r\nhost: x\r\nconnection: close\r\n\r\n',
        400,
        'bad-request',
      ],
      [
        'two Authorizations, of which a proxy may have read the other one',
        `GET /v1/head HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: ${AUTHORIZATION}\r\nAuthorization: Basic eDp4\r\n\r\n`,
        400,
        'bad-request',
      ],
      [
        'a Host that is none',
        'GET /livez HTTP/1.1\r\nhost: x/y\r\nconnection: close\r\n\r\n',
        400,
        'bad-request',
      ],
      ['a tunnel', 'CONNECT example.org:443 HTTP/1.1\r\nhost: x\r\n\r\n', 405, 'method-not-allowed'],
      [
        'an unknown expectation',
        'GET / HTTP/1.1\r\nhost: x\r\nexpect: magic\r\n\r\n',
        417,
        'expectation-failed',
      ],
      [
        'a URL that is not ASCII',
        `GET /v1/events?source=é HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: ${AUTHORIZATION}\r\n\r\n`,
        400,
        'bad-request',
      ],
      [
        'a body shorter than it says',
        'POST /v1/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n' +
          `transfer-encoding: chunked\r\nauthorization: ${AUTHORIZATION}\r\n\r\nzz\r\n`,
        400,
        'bad-request',
      ],
    ])('%s: a problem, too', async (_what, text, status, code) => {
      const answer = await exchange(text);
      expect([answer.status, answer.problem.code]).toEqual([status, code]);
    });
  });
});
