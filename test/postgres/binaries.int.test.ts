import { execFile } from 'node:child_process';
import { chmod, lstat, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isRoot, chooseAccount, type Account } from '../../src/postgres/server/account.js';
import { prepareBinaries, type BinaryPackage } from '../../src/postgres/server/binaries.js';

let directory: string;
let account: Account | null;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ledger-'));
  await chmod(directory, 0o711);
  account = await chooseAccount();
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** A package as npm unpacks it without install scripts. */
async function unpacked(name: string, mode: number): Promise<BinaryPackage> {
  const root = join(directory, name);
  const native = join(root, 'native');
  for (const part of ['bin', 'lib']) await mkdir(join(native, part), { recursive: true });
  await writeFile(join(native, 'bin', 'postgres'), '#!/bin/sh\necho postgres\n', { mode: 0o755 });
  await writeFile(join(native, 'lib', 'libpq.so.5.18'), '');
  await writeFile(join(native, 'lib', 'libpq.a'), '');
  const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }];
  await writeFile(join(native, 'pg-symlinks.json'), JSON.stringify(links));
  await chmod(root, mode);
  return { version: 'test-1', directory: native };
}

const copies = (): string => join(directory, 'copies');

test('libraries that the install script would have linked are linked in place', async () => {
  const from = await unpacked('package', 0o755);
  const { postgres } = await prepareBinaries(from, account, copies());
  expect(postgres).toBe(join(from.directory, 'bin', 'postgres'));
  expect((await lstat(join(from.directory, 'lib', 'libpq.so.5'))).isSymbolicLink()).toBe(true);
});

test('a package that the server’s user cannot enter is copied, once for each version', async () => {
  const from = await unpacked('package', 0o700);
  const first = await prepareBinaries(from, account, copies());
  const second = await prepareBinaries(from, account, copies());
  const newer = await prepareBinaries({ ...from, version: 'test-2' }, account, copies());
  expect(first.postgres.startsWith(isRoot() ? copies() : from.directory)).toBe(true);
  expect(second).toEqual(first);
  expect(await readdir(copies()).catch(() => ['test-2'])).toEqual(['test-2']);
  const { stdout } = await promisify(execFile)(newer.postgres, [], {
    cwd: '/',
    ...(account && { uid: account.uid, gid: account.gid }),
  });
  expect(stdout).toBe('postgres\n');
});

test('a copy that was broken off is made again', async () => {
  const from = await unpacked('package', 0o700);
  const target: Account = { name: 'somebody', uid: 12_345, gid: 12_345 };
  const first = await prepareBinaries(from, target, copies());
  await rm(join(copies(), 'test-1', 'complete'));
  await rm(first.postgres);
  const second = await prepareBinaries(from, target, copies());
  expect((await lstat(second.postgres)).isFile()).toBe(true);
});
