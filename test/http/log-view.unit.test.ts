import { describe, expect, it } from 'vitest';
import type { EventLog, LogBatch } from '../../src/event-log/port.js';
import { viewLog } from '../../src/http/log-view.js';
import type { Position, RecordedEvent } from '../../src/ledger/types.js';
import { recordedEvent } from '../ledger/events.js';
import { collect } from '../support/event-log.js';

const at = (position: number): RecordedEvent => recordedEvent({ position: String(position) as Position });

/** A log that delivers these batches and then waits until it is left. */
function logOf(batches: readonly LogBatch[], newest: number | null): EventLog & { left: boolean } {
  const log = {
    left: false,
    async *subscribe({ signal }: { readonly signal: AbortSignal }) {
      signal.addEventListener('abort', () => (log.left = true));
      for (const batch of batches) yield await Promise.resolve(batch);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
    newest: () => Promise.resolve(newest === null ? null : String(newest)),
    comparePositions: (a: Position, b: Position) => Number(a) - Number(b),
  };
  return log as unknown as EventLog & { left: boolean };
}

async function positions(log: EventLog, last: number | null, silenceMs?: number): Promise<readonly number[]> {
  const view = viewLog(log, last === null ? null : (String(last) as Position), silenceMs);
  return (await collect(view.events())).flat().map(({ position }) => Number(position));
}

describe('the log as deep verification reads it', () => {
  it('ends with the place that was asked for, and leaves the subscription', async () => {
    const log = logOf(
      [
        { events: [at(1), at(2)], live: false },
        { events: [at(3), at(4)], live: false },
      ],
      9,
    );
    expect(await positions(log, 3)).toEqual([1, 2, 3]);
    expect(log.left).toBe(true);
  });

  it('ends before the next event where the place itself is gone', async () => {
    expect(await positions(logOf([{ events: [at(1), at(5)], live: false }], 9), 3)).toEqual([1]);
  });

  it('gives an event once that is delivered again', async () => {
    const again = { events: [at(1), at(2), at(3)], live: true };
    expect(await positions(logOf([{ events: [at(1), at(2)], live: false }, again], 3), 9)).toEqual([1, 2, 3]);
  });

  it('does not believe that it is at the end while there is something newer', async () => {
    const batches = [
      { events: [at(1)], live: true },
      { events: [at(2)], live: true },
    ];
    expect(await positions(logOf(batches, 2), 9)).toEqual([1, 2]);
  });

  it('ends with the log where that ends before', async () => {
    expect(await positions(logOf([{ events: [], live: true }], null), 9)).toEqual([]);
  });

  it('is empty when nothing was asked for', async () => {
    expect(await positions(logOf([{ events: [at(1)], live: true }], 1), null)).toEqual([]);
  });

  it('does not wait for ever for a log that goes silent', async () => {
    const silent = logOf([{ events: [at(1)], live: false }], 9);
    await expect(positions(silent, 9, 20)).rejects.toMatchObject({ code: 'log-unavailable' });
    expect(silent.left).toBe(true);
  });
});
