import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NO_FILTERS, type EventFilters } from '../../src/ledger/filters.js';
import { meetsAny } from '../../src/ledger/source-pattern.js';
import type { Index } from '../../src/ledger/types.js';
import { readEvents } from '../../src/read-model/events.js';
import { SEGMENT } from '../../src/read-model/places.js';
import type { LedgerReader } from '../../src/read-model/port.js';
import { openReader } from '../../src/read-model/reader.js';
import { READER_SETTINGS } from '../../src/read-model/reading-pool.js';
import { LEDGER } from '../../src/read-model/schema-name.js';
import { createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { batchOf, leading, type Draft } from '../support/ledger-filler.js';
import { countRows } from '../support/rows-read.js';

const SIZE = 5 * SEGMENT + 300;

/** Many old ones, then others for long, one of which is everywhere; `old.200` comes again. */
function sourceAt(n: number): string {
  if (n % 97 === 0) return 'everywhere';
  if (n === 3 * SEGMENT) return 'old.200';
  if (n % 500 === 1) return '_ledger';
  return n < 2 * SEGMENT ? `old.${(n * 7) % 256}` : `new.${(n * 5) % 130}`;
}

const drafts: readonly Draft[] = Array.from({ length: SIZE }, (_, n) => ({
  source: sourceAt(n),
  type: `type-${n % 3}`,
  payload: { n, odd: n % 2 },
}));

let database: LedgerDatabase;
let reader: LedgerReader;

beforeAll(async () => {
  database = await createLedgerDatabase();
  await leading(database.projectorUrl, async (leadership) => {
    await leadership.commit(await batchOf(leadership, drafts));
    const { signal } = new AbortController();
    while (await leadership.indexPayloads(signal));
  });
  reader = openReader({ url: database.readerUrl });
});
afterAll(async () => {
  await reader.close();
  await database.drop();
});

const PATTERNS = [
  'old.*',
  'old.2*',
  'old.200',
  'new.*',
  'everywhere',
  '*',
  '_*',
  'nobody.*',
  'new.1',
  'new.12',
];
const TYPES = ['type-0', 'type-1', 'nothing'];

it('somebody who sees some sources is given all of their entries, page by page, and no others', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.subarray(PATTERNS, { minLength: 1 }),
      fc.subarray(TYPES, { maxLength: 2 }),
      fc.boolean(),
      fc.constantFrom<'asc' | 'desc'>('asc', 'desc'),
      fc.option(fc.nat(SIZE)),
      fc.integer({ min: 40, max: 500 }),
      async (within, types, odd, order, after, limit) => {
        const payload = odd ? [{ path: ['odd'], values: ['1'] }] : [];
        const filters: EventFilters = { ...NO_FILTERS, within, types, payload };
        const given = await indexesOf(filters, order, after, limit);
        const matching = drafts.flatMap(({ source = '', type = '' }, n) =>
          meetsAny(source, within) &&
          (types.length === 0 || types.includes(type)) &&
          (!odd || n % 2 === 1) &&
          (after === null || (order === 'asc' ? n > after : n < after))
            ? [n]
            : [],
        );
        expect(given).toEqual((order === 'asc' ? matching : matching.reverse()).slice(0, 3 * limit));
      },
    ),
    { numRuns: 30 },
  );
});

it('a source that somebody does not see is not looked at when they ask for it, however many entries it has', async () => {
  const counter = countRows(database.readerUrl, READER_SETTINGS);
  const rowsFor = (sources: readonly string[], limit: number): Promise<number> =>
    counter.rowsRead(async () => {
      const { entries } = await readEvents({
        ...{ pool: counter.pool, schema: LEDGER, limitMs: 10_000 },
        filters: { ...NO_FILTERS, within: ['old.*'], sources },
        page: { order: 'desc', limit, after: null, fromIndex: null, toIndex: null },
      });
      expect(entries.filter(({ header }) => header.source !== 'old.1')).toEqual([]);
    });
  for (const limit of [1, 500]) {
    expect(await rowsFor(['everywhere'], limit)).toBe(await rowsFor(['nowhere'], limit));
    expect(await rowsFor(['old.1', 'everywhere'], limit)).toBe(await rowsFor(['old.1', 'nowhere'], limit));
  }
  await counter.close();
});

/** Of three pages. */
async function indexesOf(
  filters: EventFilters,
  order: 'asc' | 'desc',
  after: number | null,
  limit: number,
): Promise<readonly number[]> {
  const given: number[] = [];
  let from = after as Index | null;
  for (let page = 0; page < 3; page++) {
    const { entries, next } = await reader.events(filters, {
      ...{ order, limit, after: from, fromIndex: null, toIndex: null },
    });
    given.push(...entries.map(({ header }) => header.index));
    if (next === null) break;
    from = next;
  }
  return given;
}
