import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WORTH_A_THREAD_BYTES } from '../../src/cli/verify-export.js';
import {
  COMMAND,
  commandEnvironment,
  eventually,
  runCommand,
  temporaryFolder,
} from '../support/ledger-process.js';

describe.runIf(process.platform === 'linux')('a checkout', () => {
  it('is made into a program also when Ctrl-C ends the process that makes it', async () => {
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
  });

  it('is made into a program once for all threads', async () => {
    const folder = await temporaryFolder();
    onTestFinished(folder.remove);
    const starts = join(folder.path, 'starts');
    const esbuild = join(folder.path, 'esbuild');
    const binary = createRequire(import.meta.url).resolve(`@esbuild/linux-${process.arch}/bin/esbuild`);
    await writeFile(esbuild, `#!/bin/sh\necho started >> '${starts}'\nexec '${binary}' "$@"\n`);
    await chmod(esbuild, 0o755);
    const file = join(folder.path, 'no-export.jsonl');
    await writeFile(file, `${'x'.repeat(WORTH_A_THREAD_BYTES)}\n`);

    const { code, stdout } = await runCommand(['verify-export', file], { ESBUILD_BINARY_PATH: esbuild });
    expect(code).toBe(1);
    expect(stdout).toMatch(/none of its 1 lines is an entry/);
    expect(await readFile(starts, 'utf8')).toBe('started\n');
  });
});
