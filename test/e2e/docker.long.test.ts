import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildImage, type Image } from '../support/dockerfile.js';
import { freePort } from '../support/free-port.js';
import { createLedgerDatabase } from '../support/ledger-database.js';
import { eventually, temporaryFolder } from '../support/ledger-process.js';

const ROOT = new URL('../..', import.meta.url).pathname;

/** No engine is needed: the steps of the Dockerfile are taken in empty directories, and its program run from there. */
describe('the image', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let image: Image;
  let server: ChildProcess | null = null;

  beforeAll(async () => {
    folder = await temporaryFolder();
    image = await buildImage(ROOT, folder.path);
  }, 600_000);

  afterAll(async () => {
    if (server !== null && server.exitCode === null) {
      const exited = once(server, 'exit');
      server.kill('SIGTERM');
      await exited;
    }
    await folder.remove();
  });

  const localised = (words: readonly string[]): readonly string[] =>
    words.map((word) => (word.startsWith('/') ? image.path(word) : word));

  function environment(port: number): Record<string, string> {
    const { PATH = '', HOME = '' } = process.env;
    const own = Object.entries(image.environment).map(([name, value]) => [
      name,
      localised([value])[0] ?? value,
    ]);
    return { PATH, HOME, ...Object.fromEntries(own), HOST: '127.0.0.1', PORT: String(port) } as Record<
      string,
      string
    >;
  }

  /** Runs one of its commands to its end. */
  function run(words: readonly string[], port = 0): Promise<{ code: number; output: string }> {
    const [program = '', ...args] = localised(words);
    return new Promise((resolve) => {
      execFile(
        program,
        args,
        { env: environment(port), cwd: image.path('/app') },
        (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
        },
      );
    });
  }

  it('holds the built program and what it needs to run, and neither sources nor tests', async () => {
    expect((await readdir(image.path('/app'))).sort()).toEqual([
      'LICENSE',
      'bin',
      'dist',
      'migrations',
      'node_modules',
      'package.json',
      'schemas',
    ]);
    expect(existsSync(image.path('/app/node_modules/vitest'))).toBe(false);
    expect(image.user).toBe('node');
  });

  it('is made of nothing that .dockerignore keeps out', async () => {
    const kept = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).match(/(?<=^!).*$/gm) ?? [];
    const copied = [
      ...(await readFile(join(ROOT, 'Dockerfile'), 'utf8')).matchAll(/^COPY (?!--from)(.*) \S+$/gm),
    ];
    const names = copied.flatMap(([, sources = '']) => sources.split(' '));
    expect([...new Set(names)].sort()).toEqual([...kept].sort());
  });

  it('runs everything by itself, says that it is healthy, and stops when told', async () => {
    const port = await freePort();
    const [program = '', ...args] = localised([...image.entrypoint, ...image.command]);
    expect((await run(image.healthcheck, port)).code).toBe(1);
    server = spawn(program, args, { env: environment(port), cwd: image.path('/app'), stdio: 'ignore' });
    await eventually('to be healthy', async () => (await run(image.healthcheck, port)).code === 0, 120_000);
    expect((await stat(image.path('/data/admin-password'))).size).toBeGreaterThan(0);
    const exited = once(server, 'exit') as Promise<[number | null]>;
    server.kill('SIGTERM');
    expect((await exited)[0]).toBe(0);
  });

  it('runs a projector as docker-compose.yml orders it, healthy by the same check', async () => {
    const compose = await readFile(join(ROOT, 'docker-compose.yml'), 'utf8');
    const [service = ''] = /^ {2}projector:\n(?: {4}.*\n)+/m.exec(compose) ?? [];
    // its own port is the container's; nothing takes the image's check from it
    expect(service).toMatch(/^ {6}PORT: '\d+'$/m);
    expect(service).not.toContain('healthcheck');
    const database = await createLedgerDatabase();
    const port = await freePort();
    const env = { ...environment(port), DATABASE_URL: database.projectorUrl };
    const [program = '', ...args] = localised([...image.entrypoint, 'projector']);
    const projector = spawn(program, args, { env, cwd: image.path('/app'), stdio: 'ignore' });
    await eventually('to be healthy', async () => (await run(image.healthcheck, port)).code === 0, 60_000);
    const exited = once(projector, 'exit') as Promise<[number | null]>;
    projector.kill('SIGTERM');
    expect((await exited)[0]).toBe(0);
    await database.drop();
  });

  it('writes every secret that docker-compose.yml names, which holds none itself, and says where none can be written', async () => {
    const compose = await readFile(join(ROOT, 'docker-compose.yml'), 'utf8');
    const init = [...image.entrypoint, 'init', '/secrets'];
    expect((await run(init)).code).toBe(0);
    expect(await run(init)).toMatchObject({ code: 0, output: 'nothing to do\n' });
    const named = new Set(compose.match(/\/secrets\/[a-z]+\/[\w./-]+/g));
    expect(named.size).toBeGreaterThan(10);
    for (const path of named) expect(existsSync(image.path(path)), path).toBe(true);
    expect(existsSync(image.path('/secrets/postgres/logins.sql'))).toBe(true);
    for (const [, name = '', value = ''] of compose.matchAll(/^ +(\w*(?:PASSWORD|_URL)\w*): (.*)$/gm)) {
      expect(`${name}: ${value}`).toMatch(/^\w+_FILE: \/[\w./-]+$/);
    }
    const nowhere = await run([...image.entrypoint, 'init', '/app/package.json']);
    expect(nowhere).toMatchObject({ code: 2, output: expect.stringContaining('package.json') as string });
  });
});
