/** A log that is not the one that the ledger was made from is refused, before one entry is written. */
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEventStoreDbEventLog } from '../../src/event-log/eventstoredb/event-log.js';
import type { Candidate } from '../../src/event-log/port.js';
import { startProjector, type Projector } from '../../src/projector/projector.js';
import { openReader } from '../../src/read-model/reader.js';
import type { LedgerReader } from '../../src/read-model/port.js';
import { openWriter } from '../../src/read-model/writer.js';
import { startEventStoreDouble, type EventStoreDouble } from '../eventstore-double/eventstore-double.js';
import { candidates } from '../support/event-log.js';
import { createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';

interface Running extends Projector {
  readonly end: () => Promise<void>;
}

let database: LedgerDatabase;
let reader: LedgerReader;
let double: EventStoreDouble;
let another: EventStoreDouble;
const running = new Set<Running>();

beforeEach(async () => {
  database = await createLedgerDatabase();
  reader = openReader({ url: database.readerUrl });
  [double, another] = await Promise.all([startEventStoreDouble(), startEventStoreDouble()]);
});

afterEach(async () => {
  await Promise.all([...running].map(({ end }) => end()));
  await reader.close();
  await database.drop();
  await Promise.all([double.stop(), another.stop()]);
});

function project({ url }: EventStoreDouble): Running {
  const log = openEventStoreDbEventLog({ url, deadlineMs: 5_000 });
  const writer = openWriter({ url: database.projectorUrl });
  const projector = startProjector({ log, writer, logger: pino({ level: 'silent' }) });
  const each: Running = {
    status: () => projector.status(),
    stop: () => projector.stop(),
    async end() {
      running.delete(each);
      await projector.stop();
      await Promise.all([writer.close(), log.close()]);
    },
  };
  running.add(each);
  return each;
}

async function append({ url }: EventStoreDouble, source: string, given: readonly Candidate[]): Promise<void> {
  const log = openEventStoreDbEventLog({ url });
  for (const each of given) await log.append(source, [each]);
  await log.close();
}

const size = async (): Promise<number> => (await reader.head()).size;

/** The log has what the ledger has, in two sources. */
async function filled(count: number): Promise<void> {
  await append(double, 'a', candidates(count));
  await append(double, 'b', candidates(count));
}

async function expectRefused(projector: Running): Promise<void> {
  const before = await reader.head();
  await expect.poll(() => projector.status().state, { timeout: 30_000 }).toBe('diverged');
  expect(projector.status().alarms).toMatchObject([{ code: 'log-diverged' }]);
  expect(await reader.head()).toEqual(before);
}

describe('a log restored from an older backup is refused', () => {
  it('by a projector that starts', async () => {
    await filled(5);
    const backup = double.snapshot();
    await append(double, 'a', candidates(5));
    const first = project(double);
    await expect.poll(size, { timeout: 30_000 }).toBe(15);
    await first.end();
    await double.restore(backup);
    await expectRefused(project(double));
  });

  it('by a projector that follows it', async () => {
    await filled(5);
    const backup = double.snapshot();
    await append(double, 'b', candidates(5));
    const projector = project(double);
    await expect.poll(size, { timeout: 30_000 }).toBe(15);
    await double.restore(backup);
    await expectRefused(projector);
  });

  it('also when it has grown beyond what the ledger has', async () => {
    await filled(5);
    const backup = double.snapshot();
    await append(double, 'b', candidates(5));
    const first = project(double);
    await expect.poll(size, { timeout: 30_000 }).toBe(15);
    await double.restore(backup);
    await append(double, 'b', candidates(40));
    await expectRefused(first);
    await first.end();
    await expectRefused(project(double));
  });

  it('also when it has lost all that it had', async () => {
    const empty = double.snapshot();
    await filled(5);
    const projector = project(double);
    await expect.poll(size, { timeout: 30_000 }).toBe(10);
    await double.restore(empty);
    await expectRefused(projector);
  });
});

describe('the log of another ledger is refused', () => {
  it.each([0, 3, 5, 20])('with %i events of each source', async (count) => {
    await filled(5);
    const first = project(double);
    await expect.poll(size, { timeout: 30_000 }).toBe(10);
    await first.end();
    await append(another, 'a', candidates(count));
    await append(another, 'b', candidates(count));
    await expectRefused(project(another));
  });
});

describe('the log that the ledger was made from', () => {
  it('is followed on after a restart, a freeze and lost connections', async () => {
    await filled(5);
    const projector = project(double);
    await expect.poll(size, { timeout: 30_000 }).toBe(10);
    await double.restart();
    await append(double, 'a', candidates(5));
    await expect.poll(size, { timeout: 30_000 }).toBe(15);
    double.faults.cut();
    double.faults.endSubscriptions();
    await append(double, 'b', candidates(5));
    await expect.poll(size, { timeout: 30_000 }).toBe(20);
    expect(projector.status().alarms).toEqual([]);
  });
});
