/** Data directories for tests of the embedded server, removed with whatever lies elsewhere for them. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { readPlaceDirectory } from '../../src/postgres/server/place.js';
import { endPostmaster, findPostmaster } from '../../src/postgres/server/postmaster.js';

export interface DataDirectory {
  /** does not exist yet */
  readonly path: string;
  /** ends a server that is left, and removes everything */
  remove(): Promise<void>;
}

export interface DataOptions {
  /** of the directory around it; 0700 keeps everybody but us out, as mktemp -d and /root do */
  readonly mode?: number;
  /** of the data directory, possibly with directories above it */
  readonly name?: string;
  /** a stopped one to begin with, which saves making a cluster */
  readonly copyOf?: DataDirectory;
}

export async function temporaryData(options: DataOptions = {}): Promise<DataDirectory> {
  const around = await mkdtemp(join(tmpdir(), 'ledger-'));
  await chmod(around, options.mode ?? 0o711);
  const path = join(around, options.name ?? 'data');
  if (options.copyOf) {
    await mkdir(dirname(path), { recursive: true });
    await promisify(execFile)('cp', ['-a', options.copyOf.path, path]);
  }
  return {
    path,
    async remove() {
      await removePlace(path);
      await rm(around, { recursive: true, force: true });
    },
  };
}

/** The process id of the server that runs for a data directory, wherever its cluster lies. */
export async function serverOf(dataDirectory: string): Promise<number | null> {
  const place = await readPlaceDirectory(dataDirectory);
  return place === null ? null : await findPostmaster(join(place, 'cluster'));
}

/** End the server of a data directory and remove its cluster, which root may keep outside of it. */
export async function removePlace(dataDirectory: string): Promise<void> {
  const place = await readPlaceDirectory(dataDirectory);
  if (place === null) return;
  const postmaster = await serverOf(dataDirectory);
  if (postmaster !== null) await endPostmaster(postmaster, { patienceMs: 2000 });
  await rm(place, { recursive: true, force: true });
}

/** Remove a folder and, for every data directory in it, its server and its cluster. */
export async function removeFolder(folder: string): Promise<void> {
  for (const node of await readdir(folder, { withFileTypes: true })) {
    if (node.isDirectory()) await removePlace(join(folder, node.name));
  }
  await rm(folder, { recursive: true, force: true });
}
