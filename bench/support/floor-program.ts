/** A floor that runs to its end, in a process of its own, as its subject does. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/**
 * Run a program of bench/floors/ and take the JSON that it prints.
 * @param name of its file
 */
export async function runFloor<Figures>(name: string, ...args: readonly string[]): Promise<Figures> {
  const file = fileURLToPath(new URL(`../floors/${name}.ts`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file, ...args]);
  return JSON.parse(stdout) as Figures;
}
