import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../support/ledger-process.js';

const LINES = Array.from({ length: 5 }, (_, n) => `{"source":"s","type":"t","payload":${n}}\n`).join('');

describe('a batch of an import', () => {
  let server: Server;
  let settings: Record<string, string>;
  /** answers a request by its number and how many lines it has */
  let answer: (request: number, lines: number) => { status: number; body: unknown };

  beforeEach(async () => {
    let requests = 0;
    server = createServer((request, response) => {
      void text(request).then((sent) => {
        const { status, body } = answer((requests += 1), sent.trimEnd().split('\n').length);
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    settings = { LEDGER_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  it('that takes too much work at once is sent in parts, and nothing of it is refused', async () => {
    const errors = [{ pointer: '/1', keyword: 'work', detail: 'must be sent in a smaller batch' }];
    answer = (_request, lines) => ({
      status: 207,
      body: {
        results: Array.from({ length: lines }, (_, n) =>
          n < 2 ? { status: 202 } : { status: 413, problem: { errors } },
        ),
      },
    });
    const { code, stdout, stderr } = await runCommand(['import', '-', '--json'], settings, LINES);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ queued: 5, refused: 0 });
  });

  it('that is too large for what stands before the ledger is sent in parts, until nothing smaller is left', async () => {
    answer = (_request, lines) =>
      lines > 1 ? { status: 413, body: null } : { status: 202, body: { results: [{ status: 202 }] } };
    const sent = await runCommand(['import', '-', '--json'], settings, LINES);
    expect(JSON.parse(sent.stdout)).toMatchObject({ queued: 5, refused: 0 });
    answer = () => ({ status: 413, body: null });
    const refused = await runCommand(['import', '-', '--json'], settings, LINES);
    expect(JSON.parse(refused.stdout)).toMatchObject({ queued: 0, refused: 5 });
  });

  it('that fails does not hide what was recorded before', async () => {
    answer = (request, lines) =>
      request === 1
        ? {
            status: 207,
            body: { results: Array.from({ length: lines }, (_, n) => ({ status: n < 2 ? 202 : 503 })) },
          }
        : { status: 401, body: { detail: 'The user or the password is wrong.' } };
    const { code, stdout, stderr } = await runCommand(['import', '-'], settings, LINES);
    expect(code).toBe(2);
    expect(stdout).toBe('2 events recorded, 0 were there already, 0 refused\n');
    expect(stderr).toContain('The user or the password is wrong. Check LEDGER_USER');
  });
});
