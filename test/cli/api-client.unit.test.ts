import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createSecured } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { connectToApi } from '../../src/cli/api-client.js';
import { describeProblem, problemOfItem } from '../../src/client/problem.js';
import { makeCertificate } from '../support/certificate.js';

beforeEach(() => vi.stubEnv('LEDGER_ADMIN_PASSWORD', 'a password'));
afterEach(() => vi.unstubAllEnvs());

test.each([
  [400, '{"detail":"x"}', 'invalid-input'],
  [401, '', 'access-denied'],
  [429, '', 'server-unavailable'],
  [500, '<html>of a proxy</html>', 'server-unavailable'],
  [500, '{"code":"internal"}', 'internal'],
  [502, '', 'server-unavailable'],
  [503, '{"code":"log-unavailable"}', 'server-unavailable'],
  [504, 'null', 'server-unavailable'],
])(
  '%i with the body %s is %s: only what the ledger says of itself is a bug of ours',
  async (status, body, code) => {
    const server = createServer((_request, response) => response.writeHead(status).end(body));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const api = connectToApi({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
      await expect(api.request('/v1/head')).rejects.toMatchObject({ code });
    } finally {
      server.close();
      server.closeAllConnections();
    }
  },
);

test.each([
  ['https', 'https', / cannot be reached \(.*certificate.*\)\. NODE_EXTRA_CA_CERTS names the file/],
  [
    'https',
    'http',
    / cannot be reached \(.*\)\. Is the server running\? One with a certificate is asked by https:/,
  ],
  [
    'http',
    'https',
    / cannot be reached \(wrong version number\)\. A server without a certificate is asked by http:/,
  ],
])('a server that speaks %s is asked by %s: what may be wrong is said', async (speaks, asked, message) => {
  const { certificate: cert, key } = makeCertificate();
  const server = speaks === 'https' ? createSecured({ cert, key }) : createServer();
  server.prependListener('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const api = connectToApi({ url: `${asked}://127.0.0.1:${(server.address() as AddressInfo).port}` });
    await expect(api.request('/v1/head')).rejects.toThrow(message);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test('a mistake is named by where it was made', () => {
  expect(() => connectToApi({ url: 'localhost:8080' })).toThrow(/^--url: must begin with http/);
  vi.stubEnv('LEDGER_URL', 'localhost:8080');
  expect(() => connectToApi({})).toThrow(/^LEDGER_URL: must begin with http/);
});

test('credentials in the URL are refused, and not repeated', () => {
  const mistake = /^--url: the URL must not hold a user or a password: they are given beside it$/;
  expect(() => connectToApi({ url: 'http://admin:secret@localhost:8080' })).toThrow(mistake);
});

describe('a problem in one line', () => {
  const missing = { pointer: '/4/payload', keyword: 'required', detail: 'is missing' };

  test.each([
    [
      { detail: '/0 must be object', errors: [{ pointer: '/0', detail: 'must be object' }] },
      '/0 must be object',
    ],
    [
      { detail: 'mode must be full', errors: [{ parameter: 'mode', detail: 'must be full' }] },
      'mode must be full',
    ],
    [
      { detail: 'the event must be object', errors: [{ pointer: '', detail: 'must be object' }] },
      'the event must be object',
    ],
    [{ detail: 'The user or the password is wrong.' }, 'The user or the password is wrong'],
    [
      { detail: '/4/payload is missing', errors: [missing, { pointer: '/4/x', detail: 'is unknown' }] },
      '/4/payload is missing; /4/x is unknown',
    ],
    [{ title: 'Conflict', errors: [missing] }, 'Conflict; /4/payload is missing'],
    ['no object', ''],
  ])('%j says each place once: %s', (problem, text) => {
    expect(describeProblem(problem)).toBe(text);
  });

  test.each([
    ['/4/payload is missing', [missing], '/payload is missing'],
    [
      'The schema of "t" refuses it: /4/payload is missing',
      [missing],
      'The schema of "t" refuses it: /payload is missing',
    ],
    ['/4 must be object', [{ pointer: '/4', detail: 'must be object' }], 'must be object'],
    ['/40/x is missing', [{ pointer: '/40/x', detail: 'is missing' }], '/40/x is missing'],
  ])('of line 4 of a batch, "%s" does not name the line', (detail, errors, text) => {
    expect(describeProblem(problemOfItem({ detail, errors }, 4))).toBe(text);
  });
});
