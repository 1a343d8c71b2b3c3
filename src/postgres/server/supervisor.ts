/** Keeping a server running: whatever ends it but us, it is started again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BaseLogger } from 'pino';
import { endPostmaster, signalProcess, type Postmaster } from './postmaster.js';

export type Logger = Pick<BaseLogger, 'debug' | 'info' | 'warn' | 'error'>;

export interface Supervisor {
  readonly state: 'running' | 'restarting' | 'stopped';
  /**
   * Ends the server; nothing that was committed is lost.
   * @param limitMs what it may take; default 4.5 s, at least 1 s
   */
  stop(limitMs?: number): Promise<void>;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/** A server that ran for so long did not fail at once: the next pause is the first one again. */
const STEADY_MS = 60_000;

const STOP_MS = 4_500;

/** What of a stop is kept for ending a server that does not end in order. */
const FORCE_MS = 1_000;

/**
 * @param first runs already
 * @param start starts another one on the same cluster, at the same address
 */
export function supervise(
  first: Postmaster,
  start: (signal: AbortSignal) => Promise<Postmaster>,
  logger: Logger,
): Supervisor {
  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;
  let current: Postmaster | null = first;
  let pause = FIRST_PAUSE_MS;

  const watch = async (postmaster: Postmaster): Promise<void> => {
    const since = performance.now();
    const words = await postmaster.ended;
    current = null;
    if (isStopping()) return;
    logger.error({ words }, 'PostgreSQL ended; starting it again');
    if (performance.now() - since > STEADY_MS) pause = FIRST_PAUSE_MS;
    while (!isStopping() && current === null) current = await startAfterPause();
  };

  const startAfterPause = async (): Promise<Postmaster | null> => {
    try {
      await sleep(pause, undefined, { signal: stopping.signal });
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      const postmaster = await start(stopping.signal);
      if (isStopping()) {
        await endPostmaster(postmaster.pid, { patienceMs: STOP_MS - FORCE_MS });
        return null;
      }
      logger.info('PostgreSQL runs again');
      return postmaster;
    } catch (error) {
      if (!isStopping()) logger.error({ err: error }, 'PostgreSQL cannot be started yet');
      return null;
    }
  };

  const keepRunning = async (): Promise<void> => {
    while (current) await watch(current);
  };
  const keeping = keepRunning();

  // Without an orderly stop, an exit of ours leaves the server with the order to end by itself.
  const orderEnd = (): void => {
    if (current) signalProcess(current.pid, 'SIGINT');
  };
  process.once('exit', orderEnd);

  return {
    get state() {
      if (isStopping()) return 'stopped';
      return current ? 'running' : 'restarting';
    },
    async stop(limitMs = STOP_MS) {
      stopping.abort();
      if (current) await endPostmaster(current.pid, { patienceMs: Math.max(limitMs - FORCE_MS, 0) });
      await keeping;
      process.removeListener('exit', orderEnd);
    },
  };
}
