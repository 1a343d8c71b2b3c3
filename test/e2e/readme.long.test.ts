import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import { eventually, temporaryFolder } from '../support/ledger-process.js';

const ROOT = new URL('../..', import.meta.url).pathname;

/** What the README tells people to type, in order. */
function commands(): readonly string[] {
  const text = readFileSync(join(ROOT, 'README.md'), 'utf8');
  return [...text.matchAll(/```sh\n(.*?)```/gs)].map((block) => (block[1] ?? '').trim());
}

describe('the README', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: ChildProcess | null = null;
  let port: number;
  let printed = '';

  beforeAll(async () => {
    folder = await temporaryFolder();
    copyProject(folder.path);
    port = await freePort();
  });

  afterAll(async () => {
    await stopServer();
    await folder.remove();
  });

  /** As typed into a shell in the project's folder, but on a port of the test's. */
  async function type(command: string): Promise<{ code: number | null; output: string }> {
    const child = spawn('bash', ['-c', command.replaceAll(':8080', `:${port}`)], {
      cwd: folder.path,
      env: environment(port),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output };
  }

  /** The first terminal: runs until it is left. */
  async function startServer(): Promise<void> {
    printed = '';
    server = spawn('npm', ['start'], {
      cwd: folder.path,
      env: environment(port),
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    server.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const hasLines = (): Promise<boolean> => Promise.resolve(printed.includes('npx event-ledger verify'));
    await eventually('lines ready to paste', hasLines, 60_000);
  }

  /** Ctrl-C. */
  async function stopServer(): Promise<void> {
    if (server?.pid === undefined || server.exitCode !== null) return;
    const exited = once(server, 'exit');
    process.kill(-server.pid, 'SIGINT');
    await exited;
  }

  it('is followed to the letter: start, write, import, verify, export, check, tamper, verify, rebuild, verify', async () => {
    const [
      start = '',
      curl = '',
      bring = '',
      verify = '',
      evidence = '',
      tamper = '',
      again = '',
      restore = '',
      atLast = '',
      tests = '',
    ] = commands();
    expect(commands()).toHaveLength(10);
    // The installation and the whole test run are what CI does before and around this very test.
    expect([start, tests]).toEqual(['npm ci && npm start', 'npm ci && npm test']);

    await startServer();
    expect(printed).toContain('curl ');

    const written = await type(curl);
    expect(JSON.parse(written.output.slice(written.output.indexOf('{')))).toMatchObject({
      status: 'queued',
      source: 'billing',
    });
    const imported = await type(bring);
    expect(imported).toMatchObject({ code: 0 });
    expect(imported.output).toContain('5 events recorded, 0 were there already, 0 refused');
    await eventually('nothing is left to project', async () => {
      const health = await fetch(`http://127.0.0.1:${port}/health`, { headers: await credentials() });
      return ((await health.json()) as { lag: { events: number } }).lag.events === 0;
    });
    const intact = await type(verify);
    expect(intact.code).toBe(0);
    expect(intact.output).toMatch(/^intact: /);

    const [exporting = '', checking = ''] = evidence.split('\n');
    expect((await type(exporting)).code).toBe(0);
    const checked = await type(checking);
    expect(checked).toMatchObject({ code: 0 });
    expect(checked.output).toContain('held to the noted head');

    const changed = await type(tamper);
    expect(changed).toMatchObject({ code: 0 });
    const index = /index (\d+)/.exec(changed.output)?.[1];
    expect(index).toBeDefined();
    const found = await type(again);
    expect(found.code).toBe(1);
    expect(found.output).toContain(`content-mismatch  index ${index ?? ''}`);
    expect(await type(checking)).toMatchObject({ code: 0 });

    const [rebuilding = '', restart] = restore.split('\n');
    expect(restart).toBe('npm start');
    await stopServer();
    const rebuilt = await type(rebuilding);
    expect(rebuilt.code).toBe(1);
    expect(rebuilt.output).toContain(`index ${index ?? ''}`);
    expect(rebuilt.output).toContain('the new ledger is in place');
    await startServer();
    const restored = await type(atLast);
    expect(restored.code).toBe(0);
    expect(restored.output).toMatch(/^intact: /);
    const noted = readFileSync(join(folder.path, 'noted-head'), 'utf8').trim();
    expect(restored.output).toContain(`held to the noted head ${noted}`);
  });

  async function credentials(): Promise<Record<string, string>> {
    const password = await readFile(join(folder.path, '.event-ledger/admin-password'), 'utf8');
    return { authorization: `Basic ${btoa(`admin:${password.trim()}`)}` };
  }
});

function environment(port: number): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env;
  return { PATH, HOME, PORT: String(port) };
}

/** The files that a clone would have, and the packages that are installed already. */
function copyProject(target: string): void {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  for (const file of files.split('\0').filter((name) => name !== '' && name !== 'node_modules')) {
    mkdirSync(dirname(join(target, file)), { recursive: true });
    cpSync(join(ROOT, file), join(target, file));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(target, 'node_modules'));
}
