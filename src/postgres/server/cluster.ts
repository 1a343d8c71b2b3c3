/** Making a database cluster: the directory that one PostgreSQL server owns. */
import { open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LedgerError } from '../../ledger/error.js';
import type { Account } from './account.js';
import type { Binaries } from './binaries.js';
import { exists, giveTo, makeDirectory, syncDirectory } from './files.js';
import { runProgram } from './run.js';

/** The superuser of every embedded cluster. */
export const SUPERUSER = 'postgres';

/** PostgreSQL keeps paths in buffers of 1,024 bytes and appends file names to the cluster's. */
const LONGEST_PATH = 900;

/** Whether a finished cluster is there. */
export function clusterExists(directory: string): Promise<boolean> {
  return exists(join(directory, 'PG_VERSION'));
}

export interface InitialiseOptions {
  readonly binaries: Binaries;
  readonly account: Account | null;
  readonly superuserPassword: string;
  /** called when there is nothing left to do but wait */
  readonly begun?: () => void;
  /** false where the machine may lose the cluster, in tests: it is then not written through to disk */
  readonly durable?: boolean;
}

/**
 * Make a cluster: UTF-8, byte order in comparisons on every machine, passwords by SCRAM alone, page checksums.
 * It is made beside its place and moved there when it is finished and on disk: half a cluster is never seen.
 * The caller sees to it that nobody else makes the same one.
 */
export async function initialiseCluster(directory: string, options: InitialiseOptions): Promise<void> {
  if (Buffer.byteLength(directory) > LONGEST_PATH) {
    throw new LedgerError(
      'invalid-configuration',
      `LEDGER_DATA: PostgreSQL cannot live at a path this long (${Buffer.byteLength(directory)} bytes, at most ${LONGEST_PATH})`,
    );
  }
  const parent = dirname(directory);
  await removeDrafts(parent);
  const draft = join(parent, `initialising-${process.pid}`);
  await makeDirectory(draft, 0o700);
  const { binaries, account, begun } = options;
  await giveTo(draft, account);
  const passwordFile = join(draft, 'password');
  await writePassword(passwordFile, options);
  try {
    await runProgram(binaries.initdb, initdbArguments(draft, passwordFile, options), account, begun);
    await rename(join(draft, 'cluster'), directory);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    const message = `LEDGER_DATA: no database can be made at ${directory}: ${error.message}`;
    throw new LedgerError(error.code, message, { cause: error });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  await syncDirectory(parent);
}

function initdbArguments(draft: string, passwordFile: string, options: InitialiseOptions): readonly string[] {
  return [
    `--pgdata=${join(draft, 'cluster')}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--data-checksums',
    '--no-instructions',
    ...(options.durable === false ? ['--no-sync'] : []),
    ...['timezone=UTC', 'log_timezone=UTC'].map((setting) => `--set=${setting}`),
  ];
}

/** What initialisations that were killed have left. */
async function removeDrafts(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (name.startsWith('initialising-')) await rm(join(parent, name), { recursive: true, force: true });
  }
}

async function writePassword(path: string, options: InitialiseOptions): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.chmod(0o600);
    if (options.account) await file.chown(options.account.uid, options.account.gid);
    await file.writeFile(options.superuserPassword);
  } finally {
    await file.close();
  }
}
