import { describe, expect, test, vi } from 'vitest';
import type { LogBatch } from '../../../src/event-log/port.js';
import type { Page } from '../../../src/event-log/postgres/page.js';
import { parsePosition, subscription } from '../../../src/event-log/postgres/subscription.js';
import type { EventId, Instant, Position, RecordedEvent, Revision } from '../../../src/ledger/types.js';

function eventAt(position: number): RecordedEvent {
  return {
    position: String(position) as Position,
    source: 'source',
    revision: position as Revision,
    id: '00000000-0000-4000-8000-000000000000' as EventId,
    type: 'type',
    data: Buffer.alloc(0),
    metadata: Buffer.alloc(0),
    loggedAt: '2026-01-01T00:00:00.000Z' as Instant,
  };
}

/** A log of so many events in pages of two, that counts how often it is read. */
class FakeLog {
  length: number;
  pageSize = 2;
  reads: number[] = [];
  rung = 0;
  waits: number[] = [];
  readonly ended = new AbortController();

  constructor(length: number) {
    this.length = length;
  }

  subscribe(start = 0): AsyncGenerator<LogBatch> {
    const read = (after: number): Promise<Page> => {
      this.reads.push(after);
      const left = Math.min(this.pageSize, this.length - after);
      const events = Array.from({ length: left }, (_, n) => eventAt(after + 1 + n));
      return Promise.resolve({ events, full: left === this.pageSize });
    };
    const wait = (seen: number): Promise<void> => {
      this.waits.push(seen);
      return Promise.resolve();
    };
    const rung = (): number => this.rung;
    const bell = {
      wait,
      get rung() {
        return rung();
      },
    };
    return subscription(start, { read, bell, signal: this.ended.signal });
  }
}

async function places(batches: AsyncGenerator<LogBatch>): Promise<readonly [readonly number[], boolean]> {
  const { value } = (await batches.next()) as IteratorYieldResult<LogBatch>;
  return [value.events.map(({ revision }) => Number(revision)), value.live];
}

describe('a subscription', () => {
  test('hands out page after page, and is live when one was not full', async () => {
    const batches = new FakeLog(5).subscribe();
    expect(await places(batches)).toEqual([[1, 2], false]);
    expect(await places(batches)).toEqual([[3, 4], false]);
    expect(await places(batches)).toEqual([[5], true]);
  });

  test('says that it is live when the last page was full', async () => {
    const batches = new FakeLog(2).subscribe();
    expect(await places(batches)).toEqual([[1, 2], false]);
    expect(await places(batches)).toEqual([[], true]);
  });

  test('reads one page ahead while the consumer works, and no further', async () => {
    const log = new FakeLog(100);
    const batches = log.subscribe();
    await batches.next();
    await new Promise((resolve) => setImmediate(resolve));
    expect(log.reads).toEqual([0, 2]);
    await batches.next();
    expect(log.reads).toEqual([0, 2, 4]);
  });

  test('waits for what rang since before it looked', async () => {
    const log = new FakeLog(0);
    const batches = log.subscribe();
    log.rung = 7;
    await batches.next();
    const next = batches.next();
    log.rung = 8;
    log.length = 1;
    await next;
    expect(log.waits[0]).toBe(7);
  });

  test('rests between the pages of a log that is busy, and not between those of one that is not', async () => {
    vi.useFakeTimers();
    try {
      const log = new FakeLog(2);
      log.pageSize = 1_000;
      const batches = log.subscribe();
      await batches.next();
      log.length = 20;
      expect(await places(batches)).toEqual([Array.from({ length: 18 }, (_, n) => 3 + n), true]);
      log.length = 21;
      const next = places(batches);
      await vi.advanceTimersByTimeAsync(20);
      expect(log.reads).toEqual([0, 2]);
      await vi.advanceTimersByTimeAsync(5);
      expect(await next).toEqual([[21], true]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('ends with the error of a read, and without one when aborted', async () => {
    const read = (): Promise<Page> => Promise.reject(new Error('broken'));
    const bell = { wait: () => Promise.resolve(), rung: 0 };
    const failing = subscription(0, { read, bell, signal: new AbortController().signal });
    await expect(failing.next()).rejects.toThrow('broken');

    const ended = new AbortController();
    const hanging = subscription(0, {
      read: () => new Promise(() => undefined),
      bell,
      signal: ended.signal,
    });
    const next = hanging.next();
    ended.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});

test('positions are those that the log gives out', () => {
  expect(parsePosition(null)).toBe(0);
  expect(parsePosition('9007199254740991' as Position)).toBe(9007199254740991);
  for (const text of ['', '-1', '01', '1.5', '0x1', 'C:1/P:1', '99999999999999999']) {
    expect(parsePosition(text as Position)).toBeNull();
  }
});
