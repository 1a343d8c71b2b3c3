/** Other processes, told apart although their numbers are used again. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

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

/** What Linux says of a process after its name (proc(5), stat): its state first, null when there is none. */
function statusOf(pid: number): readonly string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/** The command line of a process, empty when there is none. */
export async function commandOf(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    const bytes = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return bytes.replaceAll('\0', ' ');
  }
  return ps(pid, 'command=');
}

/** One column of ps(1) for a process, empty when there is no such process, or no ps. */
function ps(pid: number, column: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(
      'ps',
      ['-ww', '-o', column, '-p', String(pid)],
      { env: { ...process.env, LC_ALL: 'C' } },
      (error, text) => resolve(error ? '' : text.trim()),
    );
  });
}
