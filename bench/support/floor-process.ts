/** A floor that is a process of its own, as its subject is one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface FloorProcess {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Start a server of bench/floors/ and wait for the line that says where it listens.
 * @param name of its file
 */
export async function startFloor(name: string, ...args: readonly string[]): Promise<FloorProcess> {
  const file = fileURLToPath(new URL(`../floors/${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const line = (await Promise.race([once(child.stdout, 'data'), exited.then(() => null)])) as [Buffer] | null;
  if (line === null) throw new Error(`the floor ${name} ended before it listened`);
  return {
    url: line[0].toString().trim(),
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
