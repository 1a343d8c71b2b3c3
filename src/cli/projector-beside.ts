/**
 * The projector in a thread of its own, for a process that serves the API, too: judging and hashing do not hold up
 * requests, nor they it. The two share nothing but the stores.
 */
import type { RunningProjector } from '../app.js';
import type { LogLevel } from '../config.js';
import { LedgerError, type LedgerErrorCode } from '../ledger/error.js';
import type { ProjectorStatus } from '../projector/status.js';
import type { StoreUrls } from '../stores.js';
import { startThread } from './module-thread.js';

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

/** Its status, as it is told, is no older than that. */
export const STATUS_EVERY_MS = 200;

const STARTING: ProjectorStatus = {
  state: 'waiting',
  detail: null,
  alarms: [],
  counts: {
    batches: 0,
    entries: { accepted: 0, rejected: 0, duplicate: 0 },
    commitSeconds: 0,
    redeliveries: 0,
    interruptions: { 'slow-consumer': 0, other: 0 },
  },
};

export interface ProjectorBeside extends RunningProjector {
  /** Never resolves. Rejects with what the thread cannot go on for. */
  readonly failed: Promise<never>;
}

/** Project until closed, from soon on. */
export function projectBeside(data: ProjectorData): ProjectorBeside {
  const thread = startThread('projector-thread', { data });
  let status = STARTING;
  const ended = new Promise<void>((resolve) => {
    thread.once('exit', resolve);
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
  });
  // while nobody waits for it
  failed.catch(() => undefined);
  return {
    status: () => status,
    url: null,
    failed,
    async close() {
      // one that is still being loaded has begun nothing
      if (status !== STARTING) {
        thread.postMessage('stop');
        await ended;
      }
      await thread.terminate();
    },
  };
}
