/** Starting PostgreSQL's programs: in a clean environment, as the right user, away from the terminal. */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { LedgerError } from '../../ledger/error.js';
import type { Account } from './account.js';

/**
 * The whole environment of PostgreSQL's processes. PGxxx, LANG, LD_LIBRARY_PATH and TZ of whoever starts us would
 * otherwise decide about encodings, directories and time zones.
 */
function environment(): NodeJS.ProcessEnv {
  const kept = process.platform === 'win32' ? ['SystemRoot', 'PATH', 'TEMP', 'TMP'] : ['PATH'];
  const copied = kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  return { ...(Object.fromEntries(copied) as NodeJS.ProcessEnv), LC_ALL: 'C', TZ: 'UTC' };
}

export interface SpawnOptions {
  readonly account: Account | null;
  readonly stdio: StdioOptions;
}

/**
 * Start a program in a session of its own: Ctrl-C at the terminal reaches us alone, and we end it in order.
 * @throws LedgerError `store-unavailable` when the system refuses at once; `spawned` tells of the other cases
 */
export function spawnProgram(path: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const { account, stdio } = options;
  try {
    return spawn(path, args, {
      cwd: '/',
      env: environment(),
      stdio,
      detached: true,
      windowsHide: true,
      ...(account && { uid: account.uid, gid: account.gid }),
    });
  } catch (error) {
    throw cannotStart(path, error);
  }
}

/** Resolves when the program runs. */
export async function spawned(child: ChildProcess, path: string): Promise<void> {
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw cannotStart(path, error);
  }
}

/**
 * Run a program to its end.
 * @param begun called when it runs
 * @throws LedgerError `store-unavailable` with its last lines when it fails or cannot be started
 */
export async function runProgram(
  path: string,
  args: readonly string[],
  account: Account | null,
  begun?: () => void,
): Promise<void> {
  const child = spawnProgram(path, args, { account, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-16_384);
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  await spawned(child, path);
  begun?.();
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code === 0) return;
  throw new LedgerError(
    'store-unavailable',
    `${basename(path)} failed (${code ?? signal}): ${lastLines(output)}`,
  );
}

/** What to say when the system refuses to start one of PostgreSQL's programs. */
function cannotStart(path: string, error: unknown): LedgerError {
  const code = (error as NodeJS.ErrnoException).code;
  const reason =
    code === 'ENOENT'
      ? 'it is missing, or made for another C library than the one of this system (glibc)'
      : code === 'EPERM' || code === 'EINVAL'
        ? 'this system does not let us run it as another user; start as an ordinary user'
        : (error as Error).message;
  return new LedgerError(
    'store-unavailable',
    `${path} cannot be started: ${reason}. Set DATABASE_URL to use a PostgreSQL of your own instead`,
    { cause: error },
  );
}

/** What PostgreSQL's programs mark as the reason, whatever stands before it. */
const REASON = /\b(?:FATAL|PANIC|ERROR|DETAIL|HINT|error|detail|hint):\s+(.*)$/;

/** Why a program ended as one line: the reasons that it named, or the end of what it said. */
export function lastLines(output: string, count = 6): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const reasons = lines.flatMap((line) => REASON.exec(line)?.[1] ?? []);
  return (reasons.length > 0 ? reasons : lines).slice(-count).join('; ');
}
