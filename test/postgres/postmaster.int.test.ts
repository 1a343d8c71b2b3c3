import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { endPostmaster } from '../../src/postgres/server/postmaster.js';
import { childrenOf, isAlive } from '../../src/postgres/server/process.js';
import { until } from '../../src/postgres/server/until.js';

const left: number[] = [];

afterEach(() => {
  for (const pid of left.splice(0).filter(isAlive)) process.kill(pid, 'SIGKILL');
});

/** What looks like a server and hears nothing: neither it nor the children, each of which is a session of its own. */
async function deafServer(): Promise<ChildProcess> {
  const script = `const { spawn } = require('node:child_process');
    for (const signal of ['SIGINT', 'SIGQUIT', 'SIGTERM']) process.on(signal, () => undefined);
    for (const _ of [1, 2]) spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
    console.log('ready');`;
  const server = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(server.stdout, 'data');
  return server;
}

test('a server that hears no order is ended by force, and its children with it', async () => {
  const { pid = 0 } = await deafServer();
  expect(await until(async () => (await childrenOf(pid)).length === 2, 5000)).toBe(true);
  const processes = [pid, ...(await childrenOf(pid))];
  left.push(...processes);
  for (const each of processes) process.kill(each, 'SIGSTOP');

  await endPostmaster(pid, { patienceMs: 100 });

  expect(processes.filter(isAlive)).toEqual([]);
});
