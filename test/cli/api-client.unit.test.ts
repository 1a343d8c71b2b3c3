import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connectToApi } from '../../src/cli/api-client.js';

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
