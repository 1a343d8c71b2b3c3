/** Other processes, told apart although their numbers are used again. */
import { execFile } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

/** Whether a process of this number runs; one that has ended and was not waited for by its parent does not. */
export function isAlive(pid: number): boolean {
  if (process.platform === 'linux') {
    const state = statusOf(pid)?.[0];
    return state !== undefined && state !== 'Z' && state !== 'X';
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * What tells a process from every other one that has had its number, or has it elsewhere: on Linux the machine's
 * boot, the namespace that the number is valid in, and the moment of its start. Empty when there is none.
 */
export async function identityOf(pid: number): Promise<string> {
  if (!isAlive(pid)) return '';
  if (process.platform !== 'linux') return `${pid} ${await ps(['lstart='], ['-p', String(pid)])}`;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return [pid, boot.trim(), pidNamespace(), statusOf(pid)?.[START_TIME]].join(' ');
}

/** The place of `starttime` (field 22 of stat) after the name, which is field 2. */
const START_TIME = 19;

/** What Linux says of a process after its name (proc(5), stat): its state first; null when there is none. */
function statusOf(pid: number): readonly string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/** The program and arguments of a process, as far as they can be told apart; empty when there is none. */
export async function commandOf(pid: number): Promise<readonly string[]> {
  if (process.platform === 'linux') {
    const bytes = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return bytes.split('\0');
  }
  const [, program = '', directory = ''] =
    /^(.*?) -D (.*?) -c /.exec(await ps(['command='], ['-p', String(pid)])) ?? [];
  return [program, '-D', directory];
}

/** The processes that a process has started and that have not ended. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const all = process.platform === 'linux' ? await parentsInProc() : await parentsInPs();
  return all.flatMap(([child, parent]) => (parent === pid && isAlive(child) ? [child] : []));
}

async function parentsInProc(): Promise<readonly (readonly [number, number])[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.map((pid) => [pid, Number(statusOf(pid)?.[PARENT])]);
}

async function parentsInPs(): Promise<readonly (readonly [number, number])[]> {
  const lines = (await ps(['pid=', 'ppid='], ['-A'])).split('\n');
  return lines.map((line) => {
    const [pid, parent] = line.trim().split(/\s+/);
    return [Number(pid), Number(parent)];
  });
}

/** The place of `ppid` (field 4 of stat) after the name. */
const PARENT = 1;

/** What ps(1) says of processes, empty when there are none such, or no ps. */
function ps(columns: readonly string[], which: readonly string[]): Promise<string> {
  const options = { env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } };
  const args = ['-ww', ...columns.flatMap((column) => ['-o', column]), ...which];
  return new Promise((resolve) => {
    execFile('ps', args, options, (error, text) => resolve(error ? '' : text.trim()));
  });
}
