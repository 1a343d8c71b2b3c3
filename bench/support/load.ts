/** Load on a server: requests over many connections at once, each sent once, from a process of its own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { PASSWORD } from '../../test/support/ledger-process.js';

export interface LoadOptions {
  readonly url: string;
  readonly contentType: string;
  /** one for each request */
  readonly bodies: readonly string[];
  readonly connections: number;
  /** AUTHORIZATION unless given */
  readonly authorization?: string;
}

/** What the process is sent. */
export interface LoadData extends LoadOptions {
  readonly authorization: string;
}

export interface Loaded {
  /** from the first request to the last answer */
  readonly seconds: number;
  readonly requests: number;
}

/** @returns the header field Authorization of RFC 7617 */
export function basic(user: string, password: string): string {
  return `Basic ${btoa(`${user}:${password}`)}`;
}

/** What every server takes, floors included. */
export const AUTHORIZATION = basic('admin', PASSWORD);

/**
 * Send every body in a POST, as fast as the server answers.
 * @throws Error when an answer is not 202
 */
export async function sendLoad(options: LoadOptions): Promise<Loaded> {
  const data: LoadData = { authorization: AUTHORIZATION, ...options };
  const child = fork(fileURLToPath(new URL('./load-process.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
    serialization: 'advanced',
  });
  const exited = once(child, 'exit').then(() => ['the load ended without a result']);
  child.send(data);
  const [loaded] = (await Promise.race([once(child, 'message'), exited])) as [Loaded | string];
  await exited;
  if (typeof loaded === 'string') throw new Error(loaded);
  return loaded;
}
