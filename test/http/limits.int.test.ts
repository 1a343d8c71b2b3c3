import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AUTHORIZATION, startApi, type TestApi } from '../support/api.js';
import { rawClient, type RawClient } from '../support/raw-client.js';

const PARTIAL_HEAD = 'GET /livez HTTP/1.1\r\nhost: x\r\n';
const MOST = 4;

describe('limits of connections', () => {
  let api: TestApi;
  const lines: string[] = [];

  beforeAll(async () => {
    const connections = { headersMs: 1_000, requestMs: 1_500, keepAliveMs: 300, checkMs: 50, most: MOST };
    api = await startApi({ project: false, server: { connections }, onLog: (line) => lines.push(line) });
  });
  afterAll(() => api.close());

  const codeOf = (text: string): unknown => {
    const [head = '', body = ''] = text.split('\r\n\r\n');
    return [head.split('\r\n', 1)[0], (JSON.parse(body) as { readonly code?: unknown }).code];
  };
  const TIMED_OUT = ['HTTP/1.1 408 The request took too long to arrive', 'request-timeout'];

  /** Sends a byte now and then, so that the connection is never silent, until the server ends it. */
  async function dripped(client: RawClient): Promise<string> {
    const timer = setInterval(() => client.socket.write('x'), 40);
    return await client.ended.finally(() => clearInterval(timer));
  }

  it('header fields that come drop by drop are not waited for: 408', async () => {
    const client = rawClient(api.url, `${PARTIAL_HEAD}x-slow: `);
    expect(codeOf(await dripped(client))).toEqual(TIMED_OUT);
  });

  it('neither is a body: 408, and nothing of it is recorded', async () => {
    const fields = `authorization: ${AUTHORIZATION}\r\ncontent-type: application/json\r\ncontent-length: 9999`;
    const client = rawClient(api.url, `POST /v1/events HTTP/1.1\r\nhost: x\r\n${fields}\r\n\r\n`);
    expect(codeOf(await dripped(client))).toEqual(TIMED_OUT);
  });

  it('a connection on which nothing is asked is ended', async () => {
    const client = rawClient(api.url);
    expect(codeOf(await client.ended)).toEqual(TIMED_OUT);
    const kept = rawClient(api.url, `${PARTIAL_HEAD}\r\n`);
    expect(await kept.ended).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('a connection more than may be open is closed at once, which is logged once; others are served', async () => {
    const open = Array.from({ length: MOST }, () => rawClient(api.url, PARTIAL_HEAD));
    const beyond = [rawClient(api.url, `${PARTIAL_HEAD}\r\n`), rawClient(api.url, `${PARTIAL_HEAD}\r\n`)];
    const dropped = await Promise.all(beyond.map((client) => client.ended));
    expect(dropped).toEqual(['', '']);
    for (const client of open) client.socket.write('\r\n');
    for (const client of open) await expect.poll(client.received).toMatch(/^HTTP\/1\.1 200 /);
    for (const client of open) client.socket.destroy();
    expect(lines.filter((line) => line.includes('MAX_CONNECTIONS'))).toHaveLength(1);
  });
});
