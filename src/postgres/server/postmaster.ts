/** One run of a PostgreSQL server: from its start to its end, as a child process or as an orphan of an earlier one. */
import type { ChildProcess } from 'node:child_process';
import { readFile, readlink, realpath, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LedgerError } from '../../ledger/error.js';
import type { Account } from './account.js';
import type { Binaries } from './binaries.js';
import type { Endpoint } from './endpoint.js';
import { openPrivateLog } from './files.js';
import { lastLines, spawned, spawnProgram } from './run.js';
import { childrenOf, commandOf, identityOf, isAlive } from './process.js';
import { until } from './until.js';

/** What the server writes about itself in its cluster's postmaster.pid. */
export interface PostmasterFile {
  readonly pid: number;
  /** `starting`, `ready`, `stopping` …, empty while it does not say */
  readonly status: string;
}

/** @returns null when there is no such file, or it is not complete yet */
export async function readPostmasterFile(cluster: string): Promise<PostmasterFile | null> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  return Number.isSafeInteger(pid) && pid > 0 ? { pid, status: (lines[7] ?? '').trim() } : null;
}

/**
 * The server that runs on this cluster and is no child of ours: its pid, null when there is none. A pid in a file
 * left behind may meanwhile be that of any program: only a postgres that works in this very directory counts.
 */
export async function findPostmaster(cluster: string): Promise<number | null> {
  const file = await readPostmasterFile(cluster);
  if (file === null || file.pid === process.pid || !isAlive(file.pid)) return null;
  return (await servesCluster(file.pid, cluster)) ? file.pid : null;
}

async function servesCluster(pid: number, cluster: string): Promise<boolean> {
  const expected = await realpath(cluster);
  if (process.platform === 'linux') {
    try {
      const program = await readlink(`/proc/${pid}/exe`);
      return isPostgres(program) && (await readlink(`/proc/${pid}/cwd`)) === expected;
    } catch {
      // Root in a container may not look into another user's process; its command line is open to everybody.
    }
  }
  const [program = '', option, directory = ''] = await commandOf(pid);
  return isPostgres(program) && option === '-D' && (await realpath(directory).catch(() => '')) === expected;
}

/** A program that was replaced while it ran is `postgres (deleted)`. */
function isPostgres(program: string): boolean {
  return /^postgres(\.exe)?( |$)/.test(basename(program));
}

/**
 * PostgreSQL takes a pid file that names a living process for that of a running server, whatever the process is,
 * and does not start. It disregards its own parent's number and goes on to look for memory that servers which
 * ended badly have left: so we put ours in the place of a stranger's. Nothing runs on this cluster, as
 * `findPostmaster` says.
 */
export async function disownPostmasterFile(cluster: string): Promise<void> {
  const file = await readPostmasterFile(cluster);
  if (file === null || !isAlive(file.pid)) return;
  const path = join(cluster, 'postmaster.pid');
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace(/^\d+/, String(process.pid)));
}

export interface StartOptions {
  readonly binaries: Binaries;
  readonly account: Account | null;
  readonly endpoint: Endpoint;
  /** takes what the server prints */
  readonly logFile: string;
  /** settings that no file in the cluster overrides */
  readonly settings: Readonly<Record<string, string>>;
  /** how long it may take to be ready, recovery included */
  readonly timeoutMs: number;
  /** called when there is nothing left to do but wait */
  readonly begun?: () => void;
  /** ends the server when it is aborted before it was ready */
  readonly signal?: AbortSignal;
}

/** A server that we started and that is ready. */
export interface Postmaster {
  readonly pid: number;
  /** resolves when it has ended, for whatever reason, with what it said last */
  readonly ended: Promise<string>;
}

/**
 * Start the server and wait until it takes connections.
 * @throws LedgerError `in-use` when another server has the cluster, else `store-unavailable` with its last words
 */
export async function startPostmaster(cluster: string, options: StartOptions): Promise<Postmaster> {
  const { child, pid, ended } = await launch(cluster, options);
  options.begun?.();
  const over = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const settled = async (): Promise<boolean> => {
    const file = await readPostmasterFile(cluster);
    return over() || options.signal?.aborted === true || (file?.pid === pid && file.status === 'ready');
  };
  const inTime = await until(settled, options.timeoutMs);
  if (over()) throw refused(cluster, await ended);
  if (inTime && options.signal?.aborted !== true) return { pid, ended };
  await endPostmaster(pid, { patienceMs: 1000 });
  const reason = inTime ? 'it was stopped before it was ready' : `not ready after ${options.timeoutMs} ms`;
  throw new LedgerError('store-unavailable', `PostgreSQL did not start: ${reason}`);
}

interface Launched {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly ended: Promise<string>;
}

async function launch(cluster: string, options: StartOptions): Promise<Launched> {
  const { binaries, account, logFile } = options;
  const log = await openPrivateLog(logFile);
  try {
    const { size } = await log.stat();
    const child = spawnProgram(binaries.postgres, postgresArguments(cluster, options), {
      account,
      stdio: ['ignore', log.fd, log.fd],
    });
    const ended = new Promise<string>((resolve) => {
      child.once('exit', () => void textFrom(logFile, size).then((text) => resolve(lastLines(text))));
    });
    await spawned(child, binaries.postgres);
    if (child.pid === undefined) throw new LedgerError('internal', 'a started process has no pid');
    return { child, pid: child.pid, ended };
  } finally {
    await log.close();
  }
}

function refused(cluster: string, words: string): LedgerError {
  return /lock file ".*" already exists|shared memory block .* is still in use/.test(words)
    ? new LedgerError('in-use', `another PostgreSQL runs in ${cluster}: ${words}`)
    : new LedgerError('store-unavailable', `PostgreSQL did not start: ${words}`);
}

function postgresArguments(cluster: string, options: StartOptions): readonly string[] {
  const { endpoint } = options;
  const settings: Record<string, string> = {
    ...options.settings,
    port: String(endpoint.port),
    ...(endpoint.kind === 'socket'
      ? {
          listen_addresses: '',
          unix_socket_directories: quoted(endpoint.directory),
          unix_socket_permissions: '0700',
        }
      : { listen_addresses: '127.0.0.1', unix_socket_directories: '' }),
  };
  return ['-D', cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** One directory in a setting that takes a list of them. */
function quoted(directory: string): string {
  return `"${directory.replaceAll('"', '""')}"`;
}

async function textFrom(path: string, start: number): Promise<string> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  return bytes.subarray(Math.min(start, bytes.length)).toString();
}

/** How long a server may take that was told to end at once, and one that is killed. */
const AT_ONCE_MS = 600;
const BY_FORCE_MS = 400;

/**
 * End a server: first so that it finishes what it wrote and needs no recovery, then at once, then by force. What was
 * committed is safe in each case, and no process of the server is left.
 * @param options.patienceMs how long the orderly end may take; 1 s more for the others
 * @throws LedgerError `store-unavailable` when the system does not end one of its processes
 */
export async function endPostmaster(pid: number, options: { readonly patienceMs: number }): Promise<void> {
  const children = new Map<number, string>();
  const gone = (): Promise<boolean> => Promise.resolve(![pid, ...children.keys()].some(isAlive));
  for (const [signal, patienceMs] of [
    ['SIGINT', options.patienceMs],
    ['SIGQUIT', AT_ONCE_MS],
    ['SIGKILL', BY_FORCE_MS],
  ] as const) {
    for (const child of await childrenOf(pid)) children.set(child, await identityOf(child));
    signalProcess(pid, signal);
    if (signal === 'SIGKILL') await killAll(children);
    // One that was stopped hears nothing else. Each child is a session of its own, which no signal to a group reaches.
    for (const each of [pid, ...children.keys()]) signalProcess(each, 'SIGCONT');
    if (await until(gone, patienceMs)) return;
  }
  throw new LedgerError('store-unavailable', `PostgreSQL (process ${pid}) cannot be ended`);
}

/** A number may meanwhile be that of any program. */
async function killAll(processes: ReadonlyMap<number, string>): Promise<void> {
  for (const [pid, identity] of processes) {
    if ((await identityOf(pid)) === identity) signalProcess(pid, 'SIGKILL');
  }
}

/** Send a signal to a process that may have ended already. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended in the meantime, which is what was wanted.
  }
}
