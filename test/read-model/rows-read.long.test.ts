import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/ledger/canonical-json.js';
import { NO_FILTERS, type EventFilters } from '../../src/ledger/filters.js';
import { instantFromMs, instantToMs } from '../../src/ledger/time.js';
import type { Index, Instant, Json } from '../../src/ledger/types.js';
import { readEvents } from '../../src/read-model/events.js';
import { SEGMENT } from '../../src/read-model/places.js';
import { READER_SETTINGS } from '../../src/read-model/reading-pool.js';
import { LEDGER } from '../../src/read-model/schema-name.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { fillIndexed, type Draft } from '../support/ledger-filler.js';
import { countRows, type RowCounter } from '../support/rows-read.js';

const SIZE = 200_000;
const LIMIT = 50;

/** So many of the entries have what few have: one in 200, spread over the whole ledger, or those of a time. */
const EACH = 200;
const OF_A_TIME = 900;

/** As the filler has it: an entry a second. */
const recordedAt = (n: number): Instant => instantFromMs(1_790_000_000_000 + n * 1_000);

/** As often as in bench/, an event comes late, by up to a day. */
const occurredAt = (n: number): Instant =>
  instantFromMs(1_700_000_000_000 + n * 1_000 - (n % 20 === 0 ? (n * 7_919) % 86_400_000 : 0));

function draftAt(n: number): Draft {
  const isRare = (offset: number): boolean => n % EACH === offset;
  return {
    source: isRare(3) ? 'rare' : `source-${n % 7}`,
    type: isRare(7) ? 'rare' : `type-${n % 5}`,
    verdict: isRare(11) ? 'duplicate' : n % 3 === 0 ? 'rejected' : 'accepted',
    payload: { n, half: n % 2, rare: isRare(13) ? 'yes' : 'no', first: n < OF_A_TIME },
    metadata: {
      actor: isRare(17) ? 'rare' : `actor-${n % 4}`,
      recordedBy: isRare(19) ? 'rare' : 'admin',
      subject: isRare(23) ? 'rare' : `subject-${n % 20}`,
      occurredAt: occurredAt(n),
    },
  };
}

type Some = Partial<EventFilters>;
type Named = Readonly<Record<string, Some>>;

const ofPayload = (path: string, value: Json): Some => ({
  payload: [{ path: path.split('.'), values: [canonicalJson(value)] }],
});

const FEW: Named = {
  source: { sources: ['rare'] },
  type: { types: ['rare'] },
  verdict: { verdicts: ['duplicate'] },
  actor: { actors: ['rare'] },
  recordedBy: { recordedBy: ['rare'] },
  subject: { subjects: ['rare'] },
  payload: ofPayload('rare', 'yes'),
  'payload of old entries': ofPayload('first', true),
  'payload of one entry': ofPayload('n', 123_456),
  'what nobody has': { actors: ['nobody'] },
  since: { since: recordedAt(SIZE - OF_A_TIME) },
  until: { until: recordedAt(OF_A_TIME) },
  'since and until': { since: recordedAt(100_000), until: recordedAt(100_000 + OF_A_TIME) },
  'since and until, shortly': { since: recordedAt(100_360), until: recordedAt(100_370) },
  occurredSince: { occurredSince: occurredAt(SIZE - OF_A_TIME - 1) },
  // some hundred that came late
  occurredUntil: { occurredUntil: instantFromMs(1_700_000_000_000 - 60_000_000) },
  'occurredSince and occurredUntil': {
    occurredSince: occurredAt(99_999),
    occurredUntil: occurredAt(99_999 + OF_A_TIME),
  },
};

const COMMON: Named = {
  source: { sources: ['source-3'] },
  type: { types: ['type-1'] },
  accepted: { verdicts: ['accepted'] },
  rejected: { verdicts: ['rejected'] },
  actor: { actors: ['actor-1'] },
  recordedBy: { recordedBy: ['admin'] },
  subject: { subjects: ['subject-3'] },
  'payload, odd': ofPayload('half', 1),
  'payload, even': ofPayload('half', 0),
  'without internal': { internal: false },
  since: { since: recordedAt(SIZE / 2) },
  until: { until: recordedAt(SIZE / 2) },
  occurredSince: { occurredSince: occurredAt(1) },
  occurredUntil: { occurredUntil: occurredAt(SIZE - 1_001) },
};

/** All of them apply; null where two are about the same. */
function together(...parts: readonly Some[]): Some | null {
  const names = parts.flatMap((part) => Object.keys(part).filter((name) => name !== 'payload'));
  if (new Set(names).size < names.length) return null;
  return Object.assign({}, ...parts, { payload: parts.flatMap(({ payload = [] }) => payload) }) as Some;
}

/** Each of the few with one of the common filters, and with two of them, all of which have their turn. */
function combinations(): ReadonlyMap<string, Some> {
  const combined = new Map<string, Some>();
  const common = Object.entries(COMMON);
  for (const [few, ofFew] of Object.entries(FEW)) {
    for (const [n, [first, ofFirst]] of common.entries()) {
      const pair = together(ofFew, ofFirst);
      if (pair !== null) combined.set(`few of ${few}, ${first}`, pair);
      for (const [second, ofSecond] of [common.at(n - 1), common.at(n - 4)].filter(
        (each) => each !== undefined,
      )) {
        const triple = together(ofFew, ofFirst, ofSecond);
        if (triple !== null) combined.set(`few of ${few}, ${first}, ${second}`, triple);
      }
    }
  }
  return combined;
}

type Order = 'asc' | 'desc';

interface Asked {
  /** entries on the page */
  readonly found: number;
  /** rows that were read for it */
  readonly rows: number;
  readonly next: Index | null;
}

async function askFor(
  counter: RowCounter,
  some: Some,
  page: { readonly order: Order; readonly limit: number; readonly after?: Index | null },
): Promise<Asked> {
  let found = 0;
  let next: Index | null = null;
  const rows = await counter.rowsRead(async () => {
    const { entries, ...rest } = await readEvents({
      ...{ pool: counter.pool, schema: LEDGER, filters: { ...NO_FILTERS, ...some }, limitMs: 10_000 },
      page: { after: null, fromIndex: null, toIndex: null, ...page },
    });
    found = entries.length;
    next = rest.next;
  });
  return { found, rows, next };
}

/** A ledger that grows is seldom what PostgreSQL's statistics say of it. */
const WITH_STATISTICS = [
  { statistics: 'of a fifth of them', known: SIZE / 5 },
  { statistics: 'of all of them', known: SIZE },
];

describe.each(WITH_STATISTICS)(`queries at ${SIZE} entries, with statistics $statistics`, ({ known }) => {
  let database: LedgerDatabase;
  let counter: RowCounter;

  beforeAll(async () => {
    database = await createLedgerDatabase();
    await asSuperuser(database, (client) =>
      client.query('ALTER TABLE ledger.entry SET (autovacuum_enabled = off)'),
    );
    await fillIndexed(database.projectorUrl, known, draftAt);
    await asSuperuser(database, (client) => client.query('ANALYZE ledger.entry'));
    await fillIndexed(database.projectorUrl, SIZE - known, (n) => draftAt(known + n));
    counter = countRows(database.readerUrl, READER_SETTINGS);
  }, 300_000);
  afterAll(async () => {
    await counter.close();
    await database.drop();
  });

  async function ask(some: Some, order: Order = 'desc'): Promise<Asked> {
    return askFor(counter, some, { order, limit: LIMIT });
  }

  it.each(Object.entries(FEW))('read at most 20 rows for each of a page: %s', async (_, filters) => {
    for (const order of ['desc', 'asc'] as const) {
      const { found, rows } = await ask(filters, order);
      expect(rows).toBeGreaterThanOrEqual(found);
      expect(rows, order).toBeLessThanOrEqual(20 * LIMIT);
    }
  });

  it.each(Object.entries(COMMON))('read little more where many match: %s', async (_, filters) => {
    for (const order of ['desc', 'asc'] as const) {
      const { found, rows } = await ask(filters, order);
      expect(found).toBe(LIMIT);
      expect(rows, order).toBeLessThanOrEqual(5 * SEGMENT);
    }
  });

  it.each([0.05, 0.2, 0.5, 0.74, 0.76, 0.9, 0.99])(
    'read little more for the entries before or after a time, wherever that parts the ledger (%d)',
    async (part) => {
      const n = Math.floor(part * SIZE);
      const times: Named = {
        since: { since: recordedAt(n) },
        until: { until: recordedAt(n) },
        occurredSince: { occurredSince: occurredAt(n + 1) },
        occurredUntil: { occurredUntil: occurredAt(n + 1) },
      };
      const over: unknown[] = [];
      for (const [name, filters] of Object.entries(times)) {
        for (const order of ['desc', 'asc'] as const) {
          const { found, rows } = await ask(filters, order);
          if (found < LIMIT || rows > 5 * SEGMENT) over.push([name, order, found, rows]);
        }
      }
      expect(over).toEqual([]);
    },
  );

  it('read no more with other filters, whether something fits all of them or not', async () => {
    const over: unknown[] = [];
    let fitting = 0;
    for (const [name, filters] of combinations()) {
      const { found, rows } = await ask(filters);
      if (found > 0) fitting += 1;
      if (rows > 20 * LIMIT) over.push([name, rows]);
    }
    expect(over).toEqual([]);
    expect(fitting).toBeGreaterThan(combinations().size / 2);
  });
});

describe('entries of a time that occurred anywhere among others', () => {
  const entries = 100_000;
  const matching = 1_200;
  const longAgo = instantFromMs(1_600_000_000_000);
  let database: LedgerDatabase;
  let counter: RowCounter;

  beforeAll(async () => {
    database = await createLedgerDatabase();
    // so large that it costs to read them
    const payload = { padding: 'x'.repeat(1_300) };
    const each = Math.floor(entries / matching);
    await fillIndexed(database.projectorUrl, entries, (n) => {
      const isEarly = n % each === 7 && n < each * matching;
      return { payload, metadata: { occurredAt: isEarly ? longAgo : occurredAt(n) } };
    });
    await asSuperuser(database, (client) => client.query('ANALYZE ledger.entry'));
    counter = countRows(database.readerUrl, READER_SETTINGS);
  }, 300_000);
  afterAll(async () => {
    await counter.close();
    await database.drop();
  });

  it.each(['asc', 'desc'] as const)(
    'are read through the index on it, to the last page (%s)',
    async (order) => {
      const pages: Asked[] = [];
      let after: Index | null = null;
      do {
        const filters = { occurredSince: longAgo, occurredUntil: instantFromMs(instantToMs(longAgo) + 1) };
        const page: Asked = await askFor(counter, filters, { order, limit: 500, after });
        pages.push(page);
        after = page.next;
      } while (after !== null);
      expect(pages.map(({ found }) => found)).toEqual([500, 500, 200]);
      for (const { rows } of pages) expect(rows).toBeLessThanOrEqual(4 * SEGMENT + 2 * matching);
    },
  );
});
