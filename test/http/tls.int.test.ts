import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServerCertificate } from '../../src/http/certificate.js';
import { AUTHORIZATION, startApi, type TestApi } from '../support/api.js';
import { makeCertificate, writeCertificate, type WrittenCertificate } from '../support/certificate.js';
import { createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { temporaryFolder } from '../support/ledger-process.js';
import { rawClient } from '../support/raw-client.js';

const MOST = 6;
const PROBE = 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n';

describe('an API with a certificate', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let database: LedgerDatabase;
  let written: WrittenCertificate;
  let certificate: ServerCertificate;
  let api: TestApi;
  const lines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });

  beforeAll(async () => {
    folder = await temporaryFolder();
    written = await writeCertificate(folder.path);
    certificate = new ServerCertificate(written.files);
    database = await createLedgerDatabase();
    const connections = { headersMs: 1_000, handshakeMs: 500, checkMs: 50, most: MOST };
    const server = { connections, certificate };
    api = await startApi({ database, project: false, server, onLog: (line) => lines.push(line) });
  });
  afterAll(async () => {
    await api.close();
    await database.drop();
    await folder.remove();
  });

  const port = (): number => Number(new URL(api.url).port);

  /** Asks as a program does that trusts an authority, and nothing else. */
  async function asked(path: string, ca = written.authority): Promise<{ status: number; body: string }> {
    const asking = request(`${api.url}${path}`, {
      ca,
      headers: { authorization: AUTHORIZATION },
      agent: false,
    }).end();
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, body: await text(response) };
  }

  /** A connection that is up, and trusts the authority. */
  async function secured(ca: string): Promise<TLSSocket> {
    const socket = connectTls({ port: port(), host: '127.0.0.1', ca });
    await once(socket, 'secureConnect');
    return socket;
  }

  it('serves HTTPS, to those who trust its authority', async () => {
    expect(api.url).toMatch(/^https:/);
    expect(await asked('/v1/head')).toMatchObject({ status: 200 });
    await expect(asked('/v1/head', makeCertificate().authority)).rejects.toThrow(/certificate|self/);
  });

  it('speaks nothing older than TLS 1.2', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const socket = connectTls({ port: port(), host: '127.0.0.1', rejectUnauthorized: false, ...old });
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toMatch(/version|alert/i);
  });

  it.each([
    ['a probe', 200, PROBE],
    ['a refusal', 401, 'GET /v1/head HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['the router', 400, 'GET /v1/sources/%ff/events HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['the guard', 400, 'GET /livez HTTP/1.1\r\n\r\n'],
    ['an expectation', 417, 'GET /livez HTTP/1.1\r\nhost: x\r\nexpect: more\r\n\r\n'],
    ['an unread body', 401, 'POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n'],
    ['the parser', 400, 'hello\r\n\r\n'],
    ['too large a head', 431, `GET /livez HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(40_000)}\r\n\r\n`],
  ])('tells browsers to come back over TLS: %s', async (_what, status, sent) => {
    const client = rawClient(api.url, sent);
    await expect.poll(client.received).toContain('\r\n\r\n');
    client.socket.destroy();
    expect(client.received()).toMatch(
      new RegExp(`^HTTP/1.1 ${status} [^]*strict-transport-security: max-age=31536000\r\n`, 'i'),
    );
  });

  it('answers a client that is done with sending', async () => {
    const socket = await secured(written.authority);
    socket.end(`GET /v1/head HTTP/1.1\r\nhost: x\r\nauthorization: ${AUTHORIZATION}\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('does not wait for header fields that come drop by drop', async () => {
    const client = rawClient(api.url, 'GET /livez HTTP/1.1\r\nx-slow: ');
    const timer = setInterval(() => client.socket.write('x'), 40);
    expect(await client.ended.finally(() => clearInterval(timer))).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('does not wait for a handshake', async () => {
    const socket = connect({ port: port(), host: '127.0.0.1' });
    await once(socket, 'close', { signal: AbortSignal.timeout(5_000) });
  });

  it('closes connections beyond those that may be open, those that only begin among them', async () => {
    const open = Array.from({ length: MOST }, () => connect({ port: port(), host: '127.0.0.1' }));
    await Promise.all(open.map((socket) => once(socket, 'connect')));
    expect(await rawClient(api.url, PROBE).ended).toBe('');
    for (const socket of open) socket.destroy();
    await expect.poll(async () => (await asked('/livez').catch(() => null))?.status).toBe(200);
  });

  it('ends a connection that speaks plain HTTP, tells nobody what it said, and serves on', async () => {
    const said = `GET /canary-path HTTP/1.1\r\nhost: x\r\nauthorization: Bearer canary-key\r\n\r\n`;
    expect(await rawClient(api.url.replace('https', 'http'), said).ended).toBe('');
    expect(
      await rawClient(api.url.replace('https', 'http'), '\x16\x03\x01\x00\x05canary').ended,
    ).not.toContain('canary');
    expect(await asked('/livez')).toMatchObject({ status: 200 });
    expect(lines.join('')).not.toContain('canary');
  });

  it('shows a renewed certificate to new connections, and keeps those that are open', async () => {
    const before = await secured(written.authority);
    const authority = await written.renew();
    certificate.readAgain(logger);
    expect((await asked('/livez', authority)).status).toBe(200);
    await expect(asked('/livez')).rejects.toThrow();
    before.end(PROBE);
    expect(await text(before)).toMatch(/^HTTP\/1\.1 200 /);
    expect(lines.at(-1)).toContain('the certificate was read again');

    await writeFile(written.files.key, 'broken');
    certificate.readAgain(logger);
    expect(lines.at(-1)).toMatch(/"level":50.*the one before is kept/);
    expect((await asked('/livez', authority)).status).toBe(200);
  });

  it('stops in time, also while handshakes last', async () => {
    await written.renew();
    const slow = { most: 10, handshakeMs: 60_000 };
    const server = { certificate: new ServerCertificate(written.files), connections: slow };
    const other = await startApi({ database, project: false, server });
    const socket = connect({ port: Number(new URL(other.url).port), host: '127.0.0.1' });
    await once(socket, 'connect');
    const ended = once(socket, 'close');
    const began = performance.now();
    await other.close();
    await ended;
    expect(performance.now() - began).toBeLessThan(3_900);
  });
});
