/** The server drops the projector's subscription over and over, as it does under load. */
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEventStoreDbEventLog } from '../../src/event-log/eventstoredb/event-log.js';
import type { Head } from '../../src/ledger/types.js';
import { startProjector } from '../../src/projector/projector.js';
import { openReader } from '../../src/read-model/reader.js';
import { openWriter } from '../../src/read-model/writer.js';
import { startEventStoreDouble, type EventStoreDouble } from '../eventstore-double/eventstore-double.js';
import { proposed } from '../eventstore-double/record.js';
import { createLedgerDatabase } from '../support/ledger-database.js';

const EVENTS = 40_000;
const DROPS = 1_000;

let double: EventStoreDouble;

beforeAll(async () => {
  double = await startEventStoreDouble();
  for (let n = 0; n < EVENTS; n += 100) {
    const events = Array.from({ length: 100 }, () => proposed({ data: `{"filler":"${'x'.repeat(300)}"}` }));
    double.log.append(`ledger-source-${(n / 100) % 7}`, events);
  }
});
afterAll(() => double.stop());

interface Projected {
  readonly head: Head;
  readonly seconds: number;
  readonly drops: number;
}

/** A new ledger, made from the whole log. */
async function project(): Promise<Projected> {
  const database = await createLedgerDatabase();
  const log = openEventStoreDbEventLog({ url: double.url });
  const lines: string[] = [];
  const [reader, writer] = [
    openReader({ url: database.readerUrl }),
    openWriter({ url: database.projectorUrl }),
  ];
  const began = performance.now();
  const projector = startProjector({
    log,
    writer,
    logger: pino({}, { write: (line) => void lines.push(line) }),
  });
  try {
    await expect
      .poll(async () => (await reader.head()).size, { timeout: 120_000, interval: 50 })
      .toBe(EVENTS);
    const seconds = (performance.now() - began) / 1_000;
    const { alarms, counts } = projector.status();
    expect([alarms, lines]).toEqual([[], []]);
    return { head: await reader.head(), seconds, drops: counts.interruptions['slow-consumer'] };
  } finally {
    await projector.stop();
    await Promise.all([reader.close(), writer.close(), log.close()]);
    await database.drop();
  }
}

describe('a projector whose subscription is dropped 1,000 times in a minute', () => {
  it('leaves no gap and repeats nothing, keeps half of its speed at least, and says nothing of it', async () => {
    const undisturbed = await project();
    double.faults.slowConsumers = { events: EVENTS / DROPS };
    const dropped = await project();
    expect(undisturbed.drops).toBe(0);
    expect(dropped.drops).toBeGreaterThanOrEqual(DROPS - 1);
    expect(dropped.seconds).toBeLessThan(60);
    expect(dropped.head).toEqual(undisturbed.head);
    expect(dropped.seconds / undisturbed.seconds).toBeLessThan(2);
  });
});
