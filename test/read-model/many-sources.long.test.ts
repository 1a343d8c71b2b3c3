import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_FILTERS, type EventFilters } from '../../src/ledger/filters.js';
import type { Index } from '../../src/ledger/types.js';
import { readEvents } from '../../src/read-model/events.js';
import { READER_SETTINGS } from '../../src/read-model/reading-pool.js';
import { LEDGER } from '../../src/read-model/schema-name.js';
import { createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { fillIndexed, type Draft } from '../support/ledger-filler.js';
import { countRows, type RowCounter } from '../support/rows-read.js';

const SIZE = 200_000;
const LIMIT = 50;

/** Sources of the older half, and of the newer one. */
const [SOME, MOST, NEWER] = [151, 1_500, 348];

function sourceAt(n: number): string {
  if (n >= SIZE / 2) return `newer.${n % NEWER}`;
  if (n % 200 === 3) return 'one';
  return n % 4 === 0 ? `some.${n % SOME}` : `most.${n % MOST}`;
}

const draftAt = (n: number): Draft => ({
  source: sourceAt(n),
  type: n % 200 === 7 ? 'rare' : `type-${n % 5}`,
  payload: { n },
});

describe(`pages of somebody who sees some of 2,000 sources, of ${SIZE} entries`, () => {
  let database: LedgerDatabase;
  let counter: RowCounter;

  beforeAll(async () => {
    database = await createLedgerDatabase();
    await fillIndexed(database.projectorUrl, SIZE, draftAt);
    counter = countRows(database.readerUrl, READER_SETTINGS);
  }, 300_000);
  afterAll(async () => {
    await counter.close();
    await database.drop();
  });

  /** @returns how many rows were read for a page */
  function rowsOf(filters: Partial<EventFilters>, order: 'asc' | 'desc', after: number | null) {
    return counter.rowsRead(() =>
      readEvents({
        ...{ pool: counter.pool, schema: LEDGER, filters: { ...NO_FILTERS, ...filters }, limitMs: 10_000 },
        page: { order, limit: LIMIT, after: after as Index | null, fromIndex: null, toIndex: null },
      }),
    );
  }

  // their names, where each is next, its places in what is looked at, and where it is next after that
  it.each<[pattern: string, sources: number, forEach: number, ...types: string[]]>([
    ['one', 1, 5],
    ['some.1*', 63, 5],
    ['some.*', SOME, 5],
    ['most.*', MOST, 5],
    ['newer.*', NEWER, 5],
    ['some.*', SOME, 10, 'type-3'],
    ['most.*', MOST, 10, 'type-3'],
    ['most.*', MOST, 10, 'rare'],
  ])(
    'read at most 20 rows for each of a page, and a few for each source: %s, which are %i, %i, %s',
    async (pattern, sources, forEach, ...types) => {
      for (const order of ['desc', 'asc'] as const) {
        for (const after of [null, 50_000]) {
          const rows = await rowsOf({ within: [pattern], types }, order, after);
          expect(rows, `${order} ${after}`).toBeLessThanOrEqual(20 * LIMIT + forEach * sources);
        }
      }
    },
  );
});
