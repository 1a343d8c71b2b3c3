/** Deep verification at size: everything is found among 100,000 events, and memory stays what it is for a tenth of them. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { changed, inserted, removed, swapped } from '../eventstore-double/alterations.js';
import type { EventStoreDouble } from '../eventstore-double/eventstore-double.js';
import { proposed, type LogRecord } from '../eventstore-double/record.js';
import { compareStores, deepOf, numbered, type ComparedStores } from '../support/compared-stores.js';

const SIZE = 100_000;
const SOURCES = 50;
const BATCH = 500;

/** Entries to alter, each of another source. */
const [ALTERED, OTHER, GONE, BEFORE, ONE, TWO] = [10_100, 20_200, 30_300, 40_400, 50_500, 60_600] as const;

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

  it('agree, with memory that does not grow with them', async () => {
    const before = used();
    let most = 0;
    const started = performance.now();
    const report = await stores.verify(({ checked }) => {
      if (checked % 20_000 < 2_000) most = Math.max(most, used() - before);
    });
    const seconds = (performance.now() - started) / 1000;
    expect(report).toMatchObject({ intact: true, checked: SIZE });
    process.stderr.write(
      `deep verification, log in ${kind}: ${SIZE} entries in ${seconds.toFixed(1)} s with collections, ` +
        `${(most / 2 ** 20).toFixed(0)} MiB more at most\n`,
    );
    expect(most).toBeLessThan(100 * 2 ** 20);
  });

  it('differ in all that was altered in either, and in nothing else', async () => {
    if (kind === 'EventStoreDB') {
      await double().alter((records) =>
        [
          changed(recordOf(OTHER), { data: Buffer.from('{}') }),
          removed(recordOf(GONE), { renumber: true }),
          swapped(recordOf(ONE), recordOf(TWO)),
          inserted(recordOf(BEFORE), proposed({ data: '{"put":"in"}' })),
        ].reduce((altered, alteration) => alteration(altered), records),
      );
      await stores.tamper(`UPDATE ledger.entry SET data = '{}' WHERE index = ${ALTERED}`);
    } else {
      await stores.tamper(
        `ALTER TABLE event_log.event DROP CONSTRAINT event_position;
         UPDATE event_log.event SET data = '{}' WHERE position = ${OTHER + 1};
         DELETE FROM event_log.event WHERE position = ${GONE + 1};
         UPDATE event_log.event SET position = -1 WHERE position = ${ONE + 1};
         UPDATE event_log.event SET position = ${ONE + 1} WHERE position = ${TWO + 1};
         UPDATE event_log.event SET position = ${TWO + 1} WHERE position = -1;
         UPDATE ledger.entry SET data = '{}' WHERE index = ${ALTERED};
         DELETE FROM ledger.entry WHERE index = ${BEFORE}`,
      );
    }
    expect(deepOf(await stores.verify()).toSorted()).toEqual(
      [
        ['ledger-altered', ALTERED, 'ledger'],
        ['log-altered', OTHER, 'log'],
        ['missing-event', GONE, 'log'],
        ['event-order', ONE, 'log'],
        ['event-order', TWO, 'log'],
        kind === 'EventStoreDB' ? ['unexpected-event', null, 'log'] : ['unexpected-event', BEFORE, 'ledger'],
      ].toSorted(),
    );
  });

  // a table has no streams that could be truncated
  if (kind === 'PostgreSQL') return;

  it('differ in a stream that was truncated and scavenged', async () => {
    const entries = double()
      .log.records.filter(({ stream }) => stream.startsWith('ledger-'))
      .flatMap(({ stream }, index) => (stream === 'ledger-source-7' ? [index] : []));
    double().log.append('$$ledger-source-7', [proposed({ type: '$metadata', data: '{"$tb":700}' })]);
    double().scavenge();
    expect(deepOf(await stores.verify())).toEqual(
      entries.slice(0, 700).map((index) => ['log-truncated', index, 'log']),
    );
  });
});
