import { describe, expect, it } from 'vitest';
import { waitForLedger } from '../../src/http/waiting.js';
import { LedgerError } from '../../src/ledger/error.js';
import { NO_HASH, type Position } from '../../src/ledger/types.js';

const NEVER = new AbortController().signal;
const LONG_MS = 60_000;

/** A ledger that has handled so much of a log whose positions are whole numbers. */
function stores(log: () => Promise<Position | null>, handled: number) {
  let position = handled;
  const waiters = new Set<() => void>();
  return {
    log: { newest: log, comparePositions: (a: Position, b: Position) => Number(a) - Number(b) },
    reader: {
      head: () =>
        Promise.resolve({ size: 1, hash: NO_HASH, recordedAt: null, position: String(position) as Position }),
      headMoved: (timeoutMs: number, signal?: AbortSignal) =>
        new Promise<void>((resolve) => {
          waiters.add(resolve);
          setTimeout(resolve, timeoutMs).unref();
          signal?.addEventListener('abort', () => resolve());
        }),
    },
    move(to: number) {
      position = to;
      for (const wake of waiters) wake();
    },
  };
}

const at = (position: number) => () => Promise.resolve(String(position) as Position);

async function isOver(waiting: Promise<void>): Promise<boolean> {
  const soon = new Promise<false>((resolve) => setTimeout(resolve, 20, false));
  return Promise.race([waiting.then(() => true), soon]);
}

describe('an answer that waits for the ledger', () => {
  it('is there when the ledger has what the log had, and whatever came since', async () => {
    const both = stores(at(7), 5);
    const waiting = waitForLedger(both, LONG_MS, NEVER);
    expect(await isOver(waiting)).toBe(false);
    both.move(6);
    expect(await isOver(waiting)).toBe(false);
    both.move(7);
    expect(await isOver(waiting)).toBe(true);
    await waitForLedger(stores(at(7), 9), LONG_MS, NEVER);
  });

  it('is there at once where nobody can say how far the log is', async () => {
    await waitForLedger(
      stores(() => Promise.resolve(null), 0),
      LONG_MS,
      NEVER,
    );
    const denied = () => Promise.reject(new LedgerError('access-denied', 'no'));
    await waitForLedger(stores(denied, 0), LONG_MS, NEVER);
  });

  it('waits no longer than it may, for whichever of the two', async () => {
    await waitForLedger(stores(at(7), 5), 30, NEVER);
    await waitForLedger(
      stores(() => new Promise(() => undefined), 5),
      30,
      NEVER,
    );
  });

  it('does not keep the server from stopping', async () => {
    const closing = new AbortController();
    const waiting = waitForLedger(stores(at(7), 5), LONG_MS, closing.signal);
    closing.abort();
    expect(await isOver(waiting)).toBe(true);
  });
});
