/** A PostgreSQL server of a test's own, in temporary directories: quick to make, and not durable unless asked. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { LedgerError } from '../../src/ledger/error.js';
import { chooseAccount } from '../../src/postgres/server/account.js';
import { findPackage, prepareBinaries } from '../../src/postgres/server/binaries.js';
import { initialiseCluster, SUPERUSER } from '../../src/postgres/server/cluster.js';
import { chooseEndpoint, urlOf } from '../../src/postgres/server/endpoint.js';
import { giveTo } from '../../src/postgres/server/files.js';
import { endPostmaster, startPostmaster, type Postmaster } from '../../src/postgres/server/postmaster.js';
import { SETTINGS } from '../../src/postgres/server/settings.js';
import { fastestTemporaryDirectory } from './memory-disk.js';

export interface TestServer {
  /** as a superuser, on the database `postgres`; the same after a restart */
  readonly superuserUrl: string;
  /** the running postmaster */
  readonly pid: number;
  /** its data directory */
  readonly cluster: string;
  /** orderly end; the data stays for `start` */
  stop(): Promise<void>;
  /** SIGKILL to the postmaster, and a wait until it is gone */
  kill(): Promise<void>;
  /** after `stop` or `kill` */
  start(): Promise<void>;
  /** the end of it, data and all */
  remove(): Promise<void>;
}

export interface TestServerOptions {
  /** whether commits wait for the disk as in production; default false, which is faster */
  readonly durable?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
}

const RELAXED = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { durable = false } = options;
  const directory = await temporaryDirectory(durable ? tmpdir() : await fastestTemporaryDirectory());
  // nothing may be executed in memory that is a disk, in some containers
  const programs = await temporaryDirectory(tmpdir());
  const account = await chooseAccount();
  const dismiss = leaveNothing(directory, programs);
  const binaries = await prepareBinaries(await findPackage(), account, join(programs, 'binaries'));
  const cluster = join(directory, 'cluster');
  const socket = join(directory, 'socket');
  await mkdir(socket);
  await giveTo(socket, account);
  const password = randomBytes(16).toString('hex');
  await initialiseCluster(cluster, { binaries, account, superuserPassword: password, durable });
  const endpoint = await chooseEndpoint(socket);
  const settings = { ...SETTINGS, ...(durable ? {} : RELAXED), max_connections: '200', ...options.settings };
  const logFile = join(directory, 'log');
  const run = (): Promise<Postmaster> =>
    startPostmaster(cluster, { binaries, account, endpoint, logFile, settings, timeoutMs: 30_000 });

  let postmaster: Postmaster | null = await run();
  const end = async (): Promise<void> => {
    if (postmaster) await endPostmaster(postmaster.pid, { patienceMs: 5000 });
    postmaster = null;
  };
  return {
    cluster,
    superuserUrl: urlOf(endpoint, { user: SUPERUSER, password }, 'postgres'),
    get pid() {
      if (!postmaster) throw new Error('the server does not run');
      return postmaster.pid;
    },
    stop: end,
    async kill() {
      if (postmaster) process.kill(postmaster.pid, 'SIGKILL');
      await postmaster?.ended;
      postmaster = null;
    },
    async start() {
      postmaster ??= await persistently(run);
    },
    async remove() {
      await end();
      for (const each of [directory, programs]) await rm(each, { recursive: true, force: true });
      dismiss();
    },
  };
}

/** Entered by the server's user, read by nobody. */
async function temporaryDirectory(parent: string): Promise<string> {
  const directory = await mkdtemp(join(parent, 'ledger-'));
  await chmod(directory, 0o711);
  return directory;
}

/** The children of a postmaster that was killed take a moment to notice, and hold its memory until then. */
async function persistently(run: () => Promise<Postmaster>): Promise<Postmaster> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof LedgerError) || error.code !== 'in-use' || performance.now() > deadline)
        throw error;
      await setTimeout(50);
    }
  }
}

/**
 * A shell that waits for the end of this process, however it ends, and then ends the server and removes its files.
 * @returns what sends it away
 */
function leaveNothing(directory: string, programs: string): () => void {
  const script = 'cat; read pid < "$0/cluster/postmaster.pid" && kill -QUIT "$pid"; rm -rf "$0" "$1"';
  const janitor = spawn('/bin/sh', ['-c', script, directory, programs], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  janitor.unref();
  if (janitor.stdin instanceof Socket) janitor.stdin.unref();
  return () => janitor.stdin.end();
}
