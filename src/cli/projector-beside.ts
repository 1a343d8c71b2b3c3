/**
 * The projector in a thread of its own, for a process that serves the API, too: judging and hashing do not hold up
 * requests, nor they it. The two share nothing but the stores.
 */
import type { RunningProjector } from '../app.js';
import type { LogLevel } from '../config.js';
import { LedgerError, type LedgerErrorCode } from '../ledger/error.js';
import { Counting } from '../projector/counting.js';
import type { ProjectorStatus } from '../projector/status.js';
import type { StoreUrls } from '../stores.js';
import { startThread } from '../threads.js';

/** What the thread is given. */
export interface ProjectorData {
  readonly stores: StoreUrls;
  readonly logLevel: LogLevel;
  /** whether its log lines are for a terminal, which a thread cannot see */
  readonly pretty: boolean;
}

/** What it tells. */
export type FromProjector =
  | { readonly what: 'status'; readonly status: ProjectorStatus }
  | { readonly what: 'ended' }
  | { readonly what: 'failed'; readonly code: LedgerErrorCode; readonly message: string };

/** Its status, as it is told, is about so old at most, or older while it works on one thing for longer. */
export const STATUS_EVERY_MS = 200;

const STARTING: ProjectorStatus = {
  state: 'waiting',
  detail: null,
  alarms: [],
  counts: new Counting().counts(),
};

export interface ProjectorBeside extends RunningProjector {
  /** Never resolves. Rejects with what the thread cannot go on for, and when it ends, also where it was closed. */
  readonly failed: Promise<never>;
}

/** Project until closed, from soon on. */
export function projectBeside(data: ProjectorData): ProjectorBeside {
  const thread = startThread('cli/projector-thread', { data });
  let status = STARTING;
  const ended = new Promise<void>((resolve) => {
    thread.on('message', ({ what }: FromProjector) => {
      if (what === 'ended') resolve();
    });
  });
  const failed = new Promise<never>((_, reject) => {
    thread.once('error', reject);
    thread.on('message', (message: FromProjector) => {
      if (message.what === 'status') ({ status } = message);
      else if (message.what === 'failed') reject(new LedgerError(message.code, message.message));
    });
    // whatever for: nobody projects any more, and its last status would stand for ever
    thread.once('exit', () => reject(new LedgerError('internal', 'the thread that projects has ended')));
  });
  let running = true;
  failed.catch(() => (running = false));
  return {
    status: () => status,
    url: null,
    failed,
    async close() {
      // one that is still being loaded has begun nothing
      if (running && status !== STARTING) {
        thread.postMessage('stop');
        await Promise.race([ended, failed]);
      }
      await thread.terminate();
    },
  };
}
