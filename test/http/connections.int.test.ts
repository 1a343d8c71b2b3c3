import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerSnapshot } from '../../src/read-model/port.js';
import { AUTHORIZATION, event, newSource, startApi, withRows, type TestApi } from '../support/api.js';
import { fill } from '../support/ledger-filler.js';

const MIB = 1024 * 1024;

describe('connections', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await startApi({ project: false });
  });
  afterAll(() => api.close());

  /** A client that writes what it likes; `received` is all that it was sent so far. */
  function client(): { readonly socket: Socket; readonly received: () => string } {
    const socket = connect({ port: Number(new URL(api.url).port), host: '127.0.0.1', allowHalfOpen: true });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    return { socket, received: () => Buffer.concat(chunks).toString() };
  }

  const head = (method: string, path: string, ...fields: readonly string[]): string =>
    [`${method} ${path} HTTP/1.1`, 'host: x', 'content-type: application/json', ...fields, '', ''].join(
      '\r\n',
    );
  const authorized = `authorization: ${AUTHORIZATION}`;
  const statuses = (text: string): readonly string[] => text.match(/HTTP\/1\.1 \d+/g) ?? [];

  it('a body that is too large is answered, also while it is still being sent', async () => {
    const body = Buffer.alloc(8 * MIB + 37, ' ');
    for (let i = 0; i < 12; i++) {
      const answer = await api.post('/v1/events', body);
      expect([answer.status, answer.body.code]).toEqual([413, 'too-large']);
    }
  });

  it('so is one whose length is not said before', async () => {
    async function* pieces() {
      for (let i = 0; i < 10; i++) yield await Promise.resolve(Buffer.alloc(MIB, ' '));
    }
    for (let i = 0; i < 4; i++) {
      const headers = { 'content-type': 'application/json' };
      const answer = await api.request('/v1/events', {
        ...{ method: 'POST', headers, duplex: 'half' },
        body: pieces(),
      });
      expect([answer.status, answer.body.code]).toEqual([413, 'too-large']);
    }
  });

  it.each([
    ['POST', '/v1/events', 8 * MIB + 1],
    ['POST', '/events', 2 * MIB + 1],
    ['PUT', '/v1/schemas/t', 512 * 1024 + 1],
  ])('%s %s of %i bytes is refused before the body is sent', async (method, path, length) => {
    const { socket, received } = client();
    socket.write(head(method, path, authorized, `content-length: ${length}`));
    await expect.poll(received).toMatch(/^HTTP\/1\.1 413 [^]*connection: close[^]*too-large/i);
    socket.destroy();
  });

  it('a request without credentials whose body does not end has one answer', async () => {
    const { socket, received } = client();
    socket.write(`${head('POST', '/v1/events', 'transfer-encoding: chunked')}5\r\n{"sou\r\n`);
    await expect.poll(received).toMatch(/^HTTP\/1\.1 401 [^]*unauthorized/);
    socket.write('0\r\n\r\n');
    await once(socket, 'end');
    socket.end();
    expect(statuses(received())).toEqual(['HTTP/1.1 401']);
  });

  it('what a client sends after its answer is taken for a few seconds only', async () => {
    const { socket, received } = client();
    socket.on('error', () => undefined);
    socket.write(`${head('POST', '/v1/events', 'transfer-encoding: chunked')}5\r\n{"sou\r\n`);
    await once(socket, 'end', { signal: AbortSignal.timeout(9_000) });
    socket.destroy();
    expect(statuses(received())).toEqual(['HTTP/1.1 401']);
  });

  it('a refused request whose body is there leaves the connection for the next', async () => {
    const { socket, received } = client();
    socket.write(`${head('POST', '/v1/events', 'content-length: 2')}{}`);
    await expect.poll(() => statuses(received())).toEqual(['HTTP/1.1 401']);
    socket.write(head('GET', '/livez', 'connection: close'));
    await once(socket, 'end');
    socket.end();
    expect(statuses(received())).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200']);
  });

  it.each([
    ['reports', () => JSON.stringify(event({ source: newSource() })), 'POST', '/v1/events', 202],
    ['reads', () => '', 'GET', '/v1/head', 200],
  ])('a client that %s and is done with sending is answered', async (_what, bodyOf, method, path, status) => {
    const body = bodyOf();
    const { socket, received } = client();
    socket.end(`${head(method, path, authorized, `content-length: ${body.length}`)}${body}`);
    await once(socket, 'end');
    expect(statuses(received())).toEqual([`HTTP/1.1 ${status}`]);
  });

  it.each([
    ['no HTTP', 'garbage\r\n\r\n'],
    ['half a body', head('POST', '/v1/events', authorized, 'transfer-encoding: chunked') + 'zz\r\n'],
  ])('every request that was read to its end is answered, also where %s follows', async (_what, rest) => {
    const body = JSON.stringify(event({ source: newSource() }));
    const report = `${head('POST', '/v1/events', authorized, `content-length: ${body.length}`)}${body}`;
    const { socket, received } = client();
    socket.end(`${head('GET', '/v1/head', authorized)}${report}${report}${rest}`);
    await once(socket, 'end');
    expect(statuses(received())).toEqual(['HTTP/1.1 200', 'HTTP/1.1 202', 'HTTP/1.1 202']);
  });

  it.each(['/v1/sources/s1/events#x', '/v1/head?#', '/livez#'])('a fragment is refused: %s', async (path) => {
    const { socket, received } = client();
    socket.write(head('GET', path, authorized, 'connection: close'));
    await once(socket, 'end');
    socket.end();
    expect(statuses(received())).toEqual(['HTTP/1.1 400']);
  });

  describe('an export that breaks off', () => {
    async function levelsOf(
      rowsOf: (snapshot: LedgerSnapshot) => LedgerSnapshot['rows'],
      leave: (response: Promise<Response>) => Promise<void>,
    ) {
      const lines: string[] = [];
      const one = await startApi({
        database: api.database,
        project: false,
        onLog: (line) => lines.push(line),
        wrapReader: withRows(rowsOf),
      });
      const leaving = new AbortController();
      const { signal } = leaving;
      const headers = { authorization: AUTHORIZATION };
      await leave(fetch(`${one.url}/v1/export`, { headers, signal })).finally(() => leaving.abort());
      const levels = (): readonly number[] =>
        lines
          .map((line) => JSON.parse(line) as { readonly level: number; readonly msg: string })
          .filter(({ msg }) => msg.includes('export'))
          .map(({ level }) => level);
      await expect.poll(levels, { timeout: 10_000 }).toHaveLength(1);
      await one.close();
      return levels();
    }

    it('because the client left is no error', async () => {
      let asked = 0;
      async function* endless() {
        for (;;) {
          asked++;
          await nextTurn();
          yield [];
        }
      }
      const levels = await levelsOf(
        () => endless,
        async (response) => {
          response.catch(() => undefined);
          await expect.poll(() => asked).toBeGreaterThan(1);
        },
      );
      expect(levels).toEqual([20]);
    });

    it('because the client left in the midst of it is none, either', async () => {
      await fill(api.database.projectorUrl, [{}]);
      async function* endless(snapshot: LedgerSnapshot) {
        for await (const rows of snapshot.rows(0, 1)) for (;;) yield rows;
      }
      const levels = await levelsOf(
        (snapshot) => () => endless(snapshot),
        async (response) => {
          const { body } = await response;
          await body?.getReader().read();
        },
      );
      expect(levels).toEqual([20]);
    });

    it('because the store failed is one', async () => {
      await fill(api.database.projectorUrl, [{}]);
      async function* failing(snapshot: LedgerSnapshot) {
        yield* snapshot.rows(0, 1);
        throw new Error('as the test wants it');
      }
      const levels = await levelsOf(
        (snapshot) => () => failing(snapshot),
        async (response) => {
          await expect(response.then((answer) => answer.text())).rejects.toThrow();
        },
      );
      expect(levels).toEqual([50]);
    });
  });
});
