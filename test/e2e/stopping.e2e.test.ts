import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COMMAND, commandEnvironment, eventually, temporaryFolder } from '../support/ledger-process.js';

interface Interrupted {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('a command that is asked to stop', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: Server;
  let url: string;
  /** requests that were answered, but for the last one, which hangs for ever */
  let requests: number;

  beforeEach(async () => {
    folder = await temporaryFolder();
    requests = 0;
    server = createServer((request, response) => void answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await writeFile(
      `${folder.path}/events.jsonl`,
      Array.from({ length: 600 }, (_, n) => `{"source":"s","type":"t","payload":${n}}\n`).join(''),
    );
  });

  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await folder.remove();
  });

  /** The first batch is taken; what is long begins, and goes no further. */
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const sent = await text(request);
    if (request.method === 'POST' && requests === 0) {
      const results = sent
        .trimEnd()
        .split('\n')
        .map(() => ({ status: 202 }));
      response.end(JSON.stringify({ results }));
    } else if (request.method === 'GET') {
      response.write('{"progress":{"checked":7,"total":9}}\n');
    }
    requests += 1;
  }

  /** Sends the signal as soon as the command has so many requests at the server. */
  async function interrupt(args: readonly string[], atRequest: number): Promise<Interrupted> {
    const child = spawn(process.execPath, [COMMAND, ...args], {
      env: commandEnvironment({ LEDGER_URL: url }),
      stdio: 'pipe',
    });
    const output = Promise.all([text(child.stdout), text(child.stderr)]);
    await eventually('it is at work', () => Promise.resolve(requests === atRequest));
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number | null];
    const [stdout, stderr] = await output;
    return { code, stdout, stderr };
  }

  it('says of an import how far it got and that it may be repeated', async () => {
    const { code, stdout, stderr } = await interrupt(['import', `${folder.path}/events.jsonl`], 2);
    expect(code).toBe(0);
    expect(stdout).toContain('250 events recorded');
    expect(stderr).toContain('records nothing twice');
    requests = 0;
    const machine = await interrupt(['import', '--json', `${folder.path}/events.jsonl`], 2);
    expect(JSON.parse(machine.stdout)).toMatchObject({ queued: 250, stopped: true });
  });

  it('says of a verification that it says nothing of the ledger', async () => {
    const { code, stdout, stderr } = await interrupt(['verify'], 1);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/broken off after \d entries: nothing is said of the ledger/);
  });

  it('leaves nothing of an export', async () => {
    const file = `${folder.path}/export.jsonl`;
    const { code, stderr } = await interrupt(['export', '--output', file], 1);
    expect(code).toBe(0);
    expect(stderr).toContain(`${file} was not written`);
    expect([file, `${file}.partial`].filter(existsSync)).toEqual([]);
  });

  it.each([['import'], ['verify-export']])('does not wait for standard input: %s', async (command) => {
    const child = spawn(process.execPath, [COMMAND, command, '-'], {
      env: commandEnvironment({ LEDGER_URL: url }),
      stdio: 'pipe',
    });
    child.stdin.on('error', () => undefined);
    const stdout = text(child.stdout);
    // more than the system keeps for a reader that does not read
    await new Promise((resolve) => child.stdin.write('{'.repeat(4_000_000), resolve));
    child.kill('SIGTERM');
    expect((await once(child, 'exit'))[0]).toBe(0);
    expect(await stdout).not.toContain('intact');
  });

  it.runIf(existsSync('/usr/bin/script'))(
    'gives the terminal its cursor and its line ends back',
    async () => {
      const command = `echo pid=$$; exec ${process.execPath} ${COMMAND} import ${folder.path}/events.jsonl`;
      const terminal = spawn('/usr/bin/script', ['-qefc', command, '/dev/null'], {
        env: commandEnvironment({ LEDGER_URL: url, TERM: 'xterm' }),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const ended = once(terminal, 'close') as Promise<[number | null]>;
      let shown = '';
      terminal.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
      await eventually('a bar', () => Promise.resolve(requests === 2 && shown.includes('\u001b[?25l')));
      process.kill(Number(/pid=(\d+)/.exec(shown)?.[1]), 'SIGINT');
      expect((await ended)[0]).toBe(0);
      expect(shown.lastIndexOf('\u001b[?25h')).toBeGreaterThan(shown.lastIndexOf('\u001b[?25l'));
      expect(shown.lastIndexOf('\u001b[?7h')).toBeGreaterThan(shown.lastIndexOf('\u001b[?7l'));
    },
  );
});
