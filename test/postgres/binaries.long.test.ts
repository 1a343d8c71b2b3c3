import { execFile } from 'node:child_process';
import { chmod, cp, lstat, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chooseAccount } from '../../src/postgres/server/account.js';
import { findPackage, prepareBinaries } from '../../src/postgres/server/binaries.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ledger-'));
  await chmod(directory, 0o711);
});

afterEach(() => rm(directory, { recursive: true, force: true }));

test('the real PostgreSQL runs from a copy without its links, under a directory closed to its user', async () => {
  const [real, account] = [await findPackage(), await chooseAccount()];
  const root = join(directory, 'closed');
  await mkdir(root);
  const native = join(root, 'native');
  await cp(real.directory, native, {
    recursive: true,
    filter: async (path) => !(await lstat(path)).isSymbolicLink(),
  });
  await chmod(root, 0o700);
  const { initdb, postgres } = await prepareBinaries(
    { ...real, directory: native },
    account,
    join(directory, 'copies'),
  );
  for (const program of [initdb, postgres]) {
    const { stdout } = await promisify(execFile)(program, ['--version'], {
      cwd: '/',
      ...(account && { uid: account.uid, gid: account.gid }),
    });
    expect(stdout).toContain('PostgreSQL');
  }
});
