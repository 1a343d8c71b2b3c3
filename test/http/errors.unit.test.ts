import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import fastify from 'fastify';
import pino from 'pino';
import { expect, test } from 'vitest';
import { handleErrors } from '../../src/http/errors.js';
import { problemOf } from '../../src/http/problem.js';
import { LedgerError } from '../../src/ledger/error.js';

test('an upload that its client gives up is no failure of ours', async () => {
  const lines: string[] = [];
  const app = fastify();
  handleErrors(app, pino({ level: 'trace' }, { write: (line: string) => lines.push(line) }));
  app.post('/', () => ({}));
  const answered = new Promise<number>((resolve) => {
    app.addHook('onSend', (_request, reply, _payload, done) => {
      resolve(reply.statusCode);
      done();
    });
  });
  const received = once(app.server, 'request');
  await app.listen({ host: '127.0.0.1', port: 0 });
  try {
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
    );
    await received;
    socket.destroy();
    expect([await answered, lines]).toEqual([400, []]);
  } finally {
    await app.close();
  }
});

test('a failure of ours does not tell its insides', () => {
  for (const code of ['internal', 'store-unavailable', 'log-unavailable', 'access-denied'] as const) {
    const error = new LedgerError(code, 'relation "ledger.entry" of user secret');
    expect(JSON.stringify(problemOf(error))).not.toMatch(/ledger\.entry|secret/);
  }
  expect(problemOf(new Error('secret'))).toMatchObject({ code: 'internal' });
  expect(JSON.stringify(problemOf(new Error('secret')))).not.toContain('secret');
});
