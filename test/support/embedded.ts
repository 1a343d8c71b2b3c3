/** Starting embedded-process.ts and looking at the server it runs. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import type { Logger } from '../../src/postgres/server/embedded.js';

const PROGRAM = new URL('embedded-process.ts', import.meta.url).pathname;
const ROOT = new URL('../..', import.meta.url).pathname;

export interface Outcome {
  /** a superuser's, when the server is ready */
  readonly url?: string;
  /** of the LedgerError, when it is not */
  readonly code?: string;
  readonly message?: string;
}

export interface EmbeddedProcess {
  readonly child: ChildProcess;
  /** what it said; nothing when it ended before it could */
  readonly outcome: Promise<Outcome>;
  /** sends a signal, resolves when the process has ended */
  end(signal: NodeJS.Signals): Promise<void>;
}

export interface ProcessOptions {
  readonly uid?: number;
  readonly gid?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly umask?: number;
}

/** In a process group of its own, as at a terminal. */
export function runEmbedded(dataDirectory: string, options: ProcessOptions = {}): EmbeddedProcess {
  const { uid, gid, env, umask } = options;
  const args = ['--import', 'tsx', PROGRAM, dataDirectory, ...(umask === undefined ? [] : [String(umask)])];
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, ...env },
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const outcome = Promise.race([once(lines, 'line'), once(lines, 'close')]).then(
    ([line]) => JSON.parse(String(line ?? '{}')) as Outcome,
  );
  return {
    child,
    outcome,
    async end(signal) {
      child.kill(signal);
      await exited;
    },
  };
}

/** One statement on a connection of its own. */
export async function sql(url: string | undefined, statement: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

/** The postmaster of a server that runs in a data directory which the server's user may enter. */
export function clusterOf(dataDirectory: string): string {
  return join(dataDirectory, 'postgres', 'cluster');
}

const nothing = (): void => undefined;

/** A logger for what nobody reads. */
export const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
