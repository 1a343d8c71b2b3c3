import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { COMMAND, commandEnvironment, eventually } from '../support/ledger-process.js';

describe('a checkout', () => {
  it.runIf(process.platform === 'linux')(
    'is made into a program also when Ctrl-C ends the process that makes it',
    async () => {
      const child = spawn(process.execPath, [COMMAND, '--version'], {
        env: commandEnvironment({}),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
      const ended = once(child, 'close') as Promise<[number | null]>;
      const { pid = 0 } = child;
      let maker: number | undefined;
      await eventually('esbuild runs', async () => {
        const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
        const [first] = children.split(' ').filter((text) => text !== '');
        maker = first === undefined ? undefined : Number(first);
        return maker !== undefined;
      });
      process.kill(maker ?? 0, 'SIGINT');
      expect((await ended)[0], output).toBe(0);
      expect(output).toMatch(/^\d+\.\d+\.\d+/);
    },
  );
});
