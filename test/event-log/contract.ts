/** What every adapter of the event log's port promises. Run once for each: see the *.int.test.ts of its folder. */
import { afterAll, beforeAll, describe } from 'vitest';
import type { EventLog } from '../../src/event-log/port.js';
import { appendContract } from './contract/append.js';
import { bytesContract } from './contract/bytes.js';
import { readContract } from './contract/read.js';
import { subscribeContract } from './contract/subscribe.js';

export interface EventLogHarness {
  /** a further instance on the same log, as another process has it; closed by whoever opened it */
  open(): EventLog;
  /** the end of the log */
  remove(): Promise<void>;
}

export function eventLogContract(
  adapter: string,
  emptyTypes: 'taken' | 'refused',
  makeHarness: () => Promise<EventLogHarness>,
): void {
  describe(`the event log's contract: ${adapter}`, () => {
    let harness: EventLogHarness;
    let log: EventLog;

    beforeAll(async () => {
      harness = await makeHarness();
      log = harness.open();
    });

    afterAll(async () => {
      await log.close();
      await harness.remove();
    });

    const underTest = { log: () => log, open: () => harness.open(), emptyTypes };
    bytesContract(underTest);
    appendContract(underTest);
    readContract(underTest);
    subscribeContract(underTest);
  });
}
