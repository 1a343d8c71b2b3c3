/** Connections lent for one piece of work, which has a deadline whatever the server does. */
import type pg from 'pg';
import { LedgerError } from '../../ledger/error.js';
import { storeError } from '../../postgres/errors.js';

/** What each call of the port takes at most. */
export const DEADLINE_MS = 10_000;

/**
 * Run something on a connection of the pool. A connection that an error happened on, or that was still busy at the
 * deadline, is not used again.
 * @throws whatever `run` or the driver does; after `limitMs` a LedgerError `log-unavailable`, while `run` may go on
 *   for a moment without effect
 */
export async function withConnection<Result>(
  pool: pg.Pool,
  run: (client: pg.PoolClient) => Promise<Result>,
  limitMs: number,
): Promise<Result> {
  const loan: { client: pg.PoolClient | null; over: boolean } = { client: null, over: false };
  const giveBack = (error?: Error): void => {
    loan.client?.release(error);
    loan.client = null;
    loan.over = true;
  };
  const work = (async () => {
    loan.client = await pool.connect();
    if (!loan.over) return run(loan.client);
    giveBack();
    throw tooLate(limitMs);
  })();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = tooLate(limitMs);
      giveBack(error);
      reject(error);
    }, limitMs);
    work.then(
      (result) => {
        clearTimeout(timer);
        giveBack();
        resolve(result);
      },
      (error: unknown) => {
        clearTimeout(timer);
        const reason = error instanceof Error ? error : new Error(String(error));
        giveBack(reason);
        reject(reason);
      },
    );
  });
}

/**
 * The same for what only reads: when the connection breaks it is done once more on another one, so that a server
 * that was restarted in between is not noticed.
 * @throws LedgerError of the port
 */
export async function reading<Result>(
  pool: pg.Pool,
  run: (client: pg.PoolClient) => Promise<Result>,
  limitMs = DEADLINE_MS,
): Promise<Result> {
  const began = performance.now();
  try {
    return await withConnection(pool, run, limitMs);
  } catch (error) {
    const leftMs = limitMs - (performance.now() - began);
    const failure = logError(error);
    if (failure.code !== 'log-unavailable' || leftMs <= 0) throw failure;
    return withConnection(pool, run, leftMs).catch((again: unknown) => {
      throw logError(again);
    });
  }
}

/** What an error of the driver means to whoever uses the log. The time limits are ours, and pass. */
export function logError(error: unknown): LedgerError {
  const failure = storeError(error, 'log-unavailable');
  if (failure.code !== 'too-slow') return failure;
  return new LedgerError('log-unavailable', failure.message, { cause: error });
}

function tooLate(limitMs: number): LedgerError {
  return new LedgerError('log-unavailable', `the event log did not answer within ${Math.round(limitMs)} ms`);
}
