import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
    if (server?.pid !== undefined && server.exitCode === null) {
      const exited = once(server, 'exit');
      process.kill(-server.pid, 'SIGINT');
      await exited;
    }
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

  it('is followed to the letter: start, write, verify, tamper, verify, export, check, import', async () => {
    const [
      start = '',
      curl = '',
      verify = '',
      tamper = '',
      again = '',
      evidence = '',
      bring = '',
      tests = '',
    ] = commands();
    expect(commands()).toHaveLength(8);
    // The installation and the whole test run are what CI does before and around this very test.
    expect([start, tests]).toEqual(['npm ci && npm start', 'npm ci && npm test']);

    server = spawn('npm', ['start'], {
      cwd: folder.path,
      env: environment(port),
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    server.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    await eventually('lines ready to paste', () =>
      Promise.resolve(printed.includes('npx event-ledger verify')),
    );
    expect(printed).toContain('curl ');

    const written = await type(curl);
    expect(JSON.parse(written.output.slice(written.output.indexOf('{')))).toMatchObject({
      status: 'queued',
      source: 'billing',
    });
    await eventually('an intact ledger with the event', async () => {
      const { code, output } = await type(verify);
      return code === 0 && output.includes('intact');
    });

    const head = await type(tamper);
    expect(head).toMatchObject({ code: 0 });
    const index = /index (\d+)/.exec(head.output)?.[1];
    expect(index).toBeDefined();
    const found = await type(again);
    expect(found.code).toBe(1);
    expect(found.output).toContain(`content-mismatch  index ${index ?? ''}`);

    const [exporting = '', checking = ''] = evidence.split('\n');
    expect((await type(exporting)).code).toBe(0);
    const checked = await type(checking);
    expect(checked.code).toBe(1);
    expect(checked.output).toContain('content-mismatch');

    await writeFile(
      join(folder.path, 'events.jsonl'),
      '{"source":"crm","type":"user.login","payload":{"userId":"u-1"}}\n',
    );
    const imported = await type(bring);
    expect(imported).toMatchObject({ code: 0 });
  });
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

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  listener.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
