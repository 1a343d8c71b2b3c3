/** Deep verification at size: everything is found among 100,000 events, and memory stays what it is for a tenth of them. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { changed, inserted, removed, swapped } from '../eventstore-double/alterations.js';
import type { EventStoreDouble } from '../eventstore-double/eventstore-double.js';
import { proposed, type LogRecord } from '../eventstore-double/record.js';
import { compareStores, deepOf, numbered, type ComparedStores } from '../support/compared-stores.js';

const SIZE = 100_000;
const VICTIM = 61_803;
const SOURCES = 50;
const BATCH = 500;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes in use, without what nobody refers to. */
function used(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe.each(['PostgreSQL', 'EventStoreDB'] as const)('100,000 entries and their log in %s', (kind) => {
  let stores: ComparedStores;

  beforeAll(async () => {
    stores = await compareStores(kind, async (log) => {
      for (let from = 0; from < SIZE; from += BATCH) {
        const batch = Array.from({ length: BATCH }, (_, n) => numbered(from + n));
        await log.append(`source-${(from / BATCH) % SOURCES}`, batch);
      }
      return SIZE;
    });
  }, 600_000);
  afterEach(() => stores.restore(), 300_000);
  afterAll(() => stores.close());

  const double = (): EventStoreDouble => {
    if (stores.double === null) throw new Error('the log is in PostgreSQL');
    return stores.double;
  };
  const recordOf = (index: number): LogRecord => {
    const record = double().log.records.filter(({ stream }) => stream.startsWith('ledger-'))[index];
    if (record === undefined) throw new RangeError(`no record ${index}`);
    return record;
  };
  const found = async (): Promise<unknown> => deepOf(await stores.verify());

  it('agree, with memory that does not grow with them', async () => {
    const before = used();
    let most = 0;
    const started = performance.now();
    const report = await stores.verify(({ checked }) => {
      if (checked % 10_000 < 2_000) most = Math.max(most, used() - before);
    });
    const seconds = (performance.now() - started) / 1000;
    expect(report).toMatchObject({ intact: true, checked: SIZE });
    process.stderr.write(
      `deep verification, log in ${kind}: ${SIZE} entries in ${seconds.toFixed(1)} s with collections, ` +
        `${(most / 2 ** 20).toFixed(0)} MiB more at most\n`,
    );
    const again = await stores.verify();
    process.stderr.write(`deep verification, log in ${kind}: ${again.durationMs} ms\n`);
    expect(most).toBeLessThan(100 * 2 ** 20);
  });

  it('differ in one payload that was changed in the ledger', async () => {
    await stores.tamper(`UPDATE ledger.entry SET data = '{}' WHERE index = ${VICTIM}`);
    expect(await found()).toEqual([['ledger-altered', VICTIM, 'ledger']]);
  });

  it('differ in one payload that was changed in the log', async () => {
    if (kind === 'EventStoreDB') await double().alter(changed(recordOf(VICTIM), { data: Buffer.from('{}') }));
    else await stores.tamper(`UPDATE event_log.event SET data = '{}' WHERE position = ${VICTIM + 1}`);
    expect(await found()).toEqual([['log-altered', VICTIM, 'log']]);
  });

  it('differ in an event that is missing', async () => {
    if (kind === 'EventStoreDB') await double().alter(removed(recordOf(VICTIM), { renumber: true }));
    else await stores.tamper(`DELETE FROM event_log.event WHERE position = ${VICTIM + 1}`);
    expect(await found()).toEqual([['missing-event', VICTIM, 'log']]);
  });

  it('differ in an event too many', async () => {
    if (kind === 'EventStoreDB') {
      await double().alter(inserted(recordOf(VICTIM), proposed({ data: '{"put":"in"}' })));
      expect(await found()).toEqual([['unexpected-event', null, 'log']]);
    } else {
      await stores.tamper(`DELETE FROM ledger.entry WHERE index = ${VICTIM}`);
      expect(await found()).toEqual([['unexpected-event', VICTIM, 'ledger']]);
    }
  });

  it('differ in two events that changed places', async () => {
    if (kind === 'EventStoreDB') await double().alter(swapped(recordOf(1_000), recordOf(VICTIM)));
    else {
      await stores.tamper(
        `ALTER TABLE event_log.event DROP CONSTRAINT event_position;
         UPDATE event_log.event SET position = -1 WHERE position = 1001;
         UPDATE event_log.event SET position = 1001 WHERE position = ${VICTIM + 1};
         UPDATE event_log.event SET position = ${VICTIM + 1} WHERE position = -1`,
      );
    }
    expect(await found()).toEqual([
      ['event-order', 1_000, 'log'],
      ['event-order', VICTIM, 'log'],
    ]);
  });

  it.runIf(kind === 'EventStoreDB')('differ in a stream that was truncated and scavenged', async () => {
    const entries = double()
      .log.records.filter(({ stream }) => stream.startsWith('ledger-'))
      .flatMap(({ stream }, index) => (stream === 'ledger-source-7' ? [index] : []));
    double().log.append('$$ledger-source-7', [proposed({ type: '$metadata', data: '{"$tb":700}' })]);
    expect(await found()).toEqual([['log-truncated', entries[0], 'log']]);
    double().scavenge();
    expect(await found()).toEqual(entries.slice(0, 700).map((index) => ['log-truncated', index, 'log']));
  });
});
