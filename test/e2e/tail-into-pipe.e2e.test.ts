import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { entryLine } from '../../src/ledger/line.js';
import { ledgerOfSize } from '../ledger/builders.js';
import { COMMAND, commandEnvironment } from '../support/ledger-process.js';

/** More than a pipe holds, so that who writes it notices that nobody reads. */
const ENTRIES = 1_000;

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const [index, entry] of ledgerOfSize(ENTRIES).entries.entries()) {
    response.write(`id: ${index}\nevent: entry\ndata: ${entryLine(entry).toString()}\n\n`);
  }
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

it('event-ledger tail ends, and says nothing, when what it is piped into ends', async () => {
  const LEDGER_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const child = spawn(process.execPath, [COMMAND, 'tail', '--from-index', '0'], {
    env: commandEnvironment({ LEDGER_URL }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = text(child.stderr);
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  child.stdout.destroy();
  expect(await exited).toEqual([0, null]);
  expect(await said).toBe('');
});
