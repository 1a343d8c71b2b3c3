/** What the tests of the adapter stand on: a double of their own, instances that are closed, and no rejection unheard. */
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import {
  openEventStoreDbEventLog,
  type EventStoreDbEventLogOptions,
} from '../../../src/event-log/eventstoredb/event-log.js';
import type { AppendOutcome, EventLog } from '../../../src/event-log/port.js';
import type { DoubleOptions, EventStoreDouble } from '../../eventstore-double/eventstore-double.js';
import { startEventStoreDouble } from '../../eventstore-double/eventstore-double.js';
import type { LogRecord } from '../../eventstore-double/record.js';

export interface Stand {
  readonly double: () => EventStoreDouble;
  /** closed after the test */
  readonly open: (options?: Partial<EventStoreDbEventLogOptions>) => EventLog;
  /** what the server has stored of a source, hidden or not */
  readonly stored: (source: string) => readonly LogRecord[];
}

export function setUp(options?: DoubleOptions): Stand {
  let double: EventStoreDouble;
  const opened: EventLog[] = [];
  const unheard: unknown[] = [];
  const hear = (reason: unknown): void => void unheard.push(reason);

  beforeAll(async () => {
    process.on('unhandledRejection', hear);
    double = await startEventStoreDouble(options);
  });
  afterEach(async () => {
    await double.start();
    double.faults.heal();
    await Promise.all(opened.splice(0).map((log) => log.close()));
    expect(unheard.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await double.stop();
    process.off('unhandledRejection', hear);
  });

  return {
    double: () => double,
    open(given = {}) {
      const log = openEventStoreDbEventLog({ url: double.url, deadlineMs: 5_000, ...given });
      opened.push(log);
      return log;
    },
    stored: (source) =>
      double.log.records.filter(({ stream, visible }) => visible && stream === `ledger-${source}`),
  };
}

export function statuses(outcomes: readonly AppendOutcome[]): readonly string[] {
  return outcomes.map(({ status }) => status);
}

export function ids(records: readonly { readonly id: string }[]): readonly string[] {
  return records.map(({ id }) => id);
}

/** How long it took, in ms, whatever came of it. */
export async function timed(promise: Promise<unknown>): Promise<number> {
  const began = performance.now();
  await promise.catch(() => undefined);
  return performance.now() - began;
}
