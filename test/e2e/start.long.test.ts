import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { serverOf } from '../support/data-directory.js';
import { commandEnvironment, eventually, runCommand } from '../support/ledger-process.js';
import { ownLedgers } from '../support/own-ledgers.js';

const ROOT = new URL('../..', import.meta.url).pathname;

describe('event-ledger start, in trouble', () => {
  const own = ownLedgers();

  it('one Ctrl-C on npm start, which the terminal and npm both pass on, is one clean stop', async () => {
    const npm = spawn('npm', ['start'], {
      cwd: ROOT,
      env: commandEnvironment({ LEDGER_DATA: `${own.folder}/data`, PORT: '0' }),
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(npm, 'close') as Promise<[number | null]>;
    let log = '';
    npm.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    await eventually('the ledger is ready', () => Promise.resolve(log.includes('"msg":"ready"')), 60_000);
    const { pid = 0 } = npm;
    process.kill(-pid, 'SIGINT');
    process.kill(pid, 'SIGINT');
    expect((await ended)[0], log).toBe(0);
    expect(await serverOf(`${own.folder}/data`)).toBeNull();
  });

  it('a second start on the same data directory says so and exits 3', async () => {
    await own.start();
    const second = await runCommand(['start'], { LEDGER_DATA: `${own.folder}/data`, PORT: '0' });
    expect(second.code).toBe(3);
    expect(second.stderr).toContain(`${own.folder}/data`);
  });

  it('a port that is taken is said and exits 3, and leaves no server behind', async () => {
    const first = await own.start();
    const other = await runCommand(['start'], {
      LEDGER_DATA: `${own.folder}/other`,
      PORT: new URL(first.url).port,
    });
    expect(other.code).toBe(3);
    expect(other.stderr).toContain(new URL(first.url).port);
    expect(await serverOf(`${own.folder}/other`)).toBeNull();
  });

  it('recovers by itself after SIGKILL, the orphaned server included', async () => {
    const first = await own.start();
    const headers = { 'content-type': 'application/json', prefer: 'wait=10' };
    const body = '{"source":"billing","type":"customer.billed","payload":{"customerId":"c-1","amount":12.5}}';
    expect((await first.request('/v1/events', { method: 'POST', headers, body })).status).toBe(201);
    const head = await first.json<object>('/v1/head');
    await first.stop('SIGKILL');

    const second = await own.start();
    expect(await second.json('/v1/head')).toEqual(head);
    expect(await second.json('/v1/verify?mode=full')).toMatchObject({ intact: true });
    expect(await second.stop('SIGTERM')).toBe(0);
    expect(await serverOf(`${own.folder}/data`)).toBeNull();
  });
});
