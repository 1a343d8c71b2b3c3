import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson, readCanonical } from '../../src/ledger/canonical-json.js';
import { Content, entryMatches } from '../../src/ledger/filter-match.js';
import { NO_FILTERS, type EventFilters, type PayloadFilter } from '../../src/ledger/filters.js';
import { decodeMetadata } from '../../src/ledger/metadata.js';
import type { Entry, Index, Instant, Json, Verdict } from '../../src/ledger/types.js';
import { payloadIndexer } from '../../src/read-model/payload-index.js';
import { SEGMENT } from '../../src/read-model/places.js';
import type { EventPage, LedgerReader } from '../../src/read-model/port.js';
import { createPool } from '../../src/postgres/pool.js';
import { LEDGER } from '../../src/read-model/schema-name.js';
import { openReader } from '../../src/read-model/reader.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { batchOf, fill, leading, type Draft } from '../support/ledger-filler.js';

const SIZE = 2 * SEGMENT + 300;
const SOURCES = ['a', 'b', 'c', '_schemas', 'üml\'"\\', 'rare'];
const TYPES = ['made', 'sold', 'broken'];

let database: LedgerDatabase;
let reader: LedgerReader;
let entries: readonly Entry[];
/** of each entry, undefined where a line shows no JSON; and its subject */
let payloads: readonly (Json | undefined)[];
let subjects: readonly (string | undefined)[];

/** What occurs in waves and what is everywhere, times that run backwards, and events that are not of our form. */
function draftAt(n: number): Draft {
  const wave = Math.floor(n / 350);
  if (n % 97 === 0)
    return { source: 'a', data: Buffer.from(`{"n": ${n / 10}e1}`), foreignMetadata: Buffer.from('{}') };
  if (n % 89 === 0) return { source: 'b', data: Buffer.of(0, 1, 255), verdict: 'rejected' };
  return {
    source: n === 1500 ? 'rare' : (SOURCES[(n * 7) % 5] ?? 'a'),
    type: TYPES[wave % 3] ?? 'made',
    verdict: n % 50 === 3 ? 'rejected' : n % 31 === 5 ? 'duplicate' : 'accepted',
    id: `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`,
    payload: {
      n,
      wave,
      fifth: n % 5,
      tags: [`tag-${n % 11}`, null, true],
      'a/b': { '~': 'deep', '': 1.5 },
      ...(n % 500 === 1 ? { many: Array.from({ length: 1200 }, (_, i) => i) } : {}),
    },
    metadata: {
      actor: n % 13 === 0 ? null : `actor-${n % 4}`,
      ...(n % 3 === 0 ? { subject: `subject-${n % 60}` } : {}),
      occurredAt: new Date(1_700_000_000_000 - n * 60_000).toISOString() as Instant,
    },
  };
}

beforeAll(async () => {
  database = await createLedgerDatabase();
  reader = openReader({ url: database.readerUrl });
  entries = await leading(database.projectorUrl, async (leadership) => {
    const all: Entry[] = [];
    for (let at = 0; at < SIZE; at += 1000) {
      const drafts = Array.from({ length: Math.min(1000, SIZE - at) }, (_, i) => draftAt(at + i));
      const batch = await batchOf(leadership, drafts);
      await leadership.commit(batch);
      all.push(...batch.entries);
    }
    return all;
  });
  payloads = entries.map(({ data }) => {
    const read = readCanonical(data);
    return read?.value;
  });
  subjects = entries.map(({ metadata }) => decodeMetadata(metadata)?.subject);
});
afterAll(async () => {
  await reader.close();
  await database.drop();
});

/** The filters' meaning, in the simplest words. */
function matches({ header }: Entry, filters: EventFilters): boolean {
  const among = <Value>(values: readonly Value[], value: Value | null | undefined): boolean =>
    values.length === 0 || (value !== null && value !== undefined && values.includes(value));
  const within = (time: Instant | null, from: Instant | null, to: Instant | null): boolean =>
    (from === null && to === null) ||
    (time !== null && (from === null || time >= from) && (to === null || time < to));
  return (
    among(filters.sources, header.source) &&
    among(filters.types, header.type) &&
    among(filters.actors, header.actor) &&
    among(filters.recordedBy, header.recordedBy) &&
    among(filters.verdicts, header.verdict) &&
    within(header.recordedAt, filters.since, filters.until) &&
    within(header.occurredAt, filters.occurredSince, filters.occurredUntil) &&
    (filters.internal || !header.source.startsWith('_')) &&
    among(filters.subjects, subjects[header.index]) &&
    filters.payload.every(({ path, values }) => {
      const found = path.reduce<unknown>(
        (value, token) =>
          typeof value === 'object' && value !== null && Object.hasOwn(value, token)
            ? (value as Record<string, unknown>)[token]
            : undefined,
        payloads[header.index],
      );
      return found !== undefined && typeof found !== 'function' && values.includes(JSON.stringify(found));
    })
  );
}

/** So many pages, one after the other. */
async function pagesOf(filters: EventFilters, page: EventPage, count: number): Promise<readonly number[]> {
  const found: number[] = [];
  let { after } = page;
  for (let n = 0; n < count; n++) {
    const { entries: shown, next } = await reader.events(filters, { ...page, after });
    found.push(...shown.map(({ header }) => header.index));
    if (next === null) break;
    after = next;
  }
  return found;
}

const payloadFilter = fc.oneof(
  fc.nat(SIZE).map((n) => filterOf(['n'], n)),
  fc.nat(8).map((wave) => filterOf(['wave'], wave)),
  // a digit that occurs in most payloads, mostly elsewhere
  fc.nat(5).map((fifth) => filterOf(['fifth'], fifth)),
  fc.nat(12).map((n) => filterOf(['tags', '0'], `tag-${n}`)),
  fc.constantFrom(
    filterOf(['tags', '1'], null),
    filterOf(['tags', '2'], true, false),
    filterOf(['tags', '01'], null),
    filterOf(['a/b', '~'], 'deep'),
    filterOf(['a/b', ''], 1.5),
    filterOf(['many', '1199'], 1199),
    filterOf([], null),
    filterOf(['toString'], 'x'),
  ),
);

function filterOf(path: readonly string[], ...values: readonly Json[]): PayloadFilter {
  return { path, values: values.map((value) => canonicalJson(value)) };
}

const some = <Value>(...values: readonly Value[]): fc.Arbitrary<readonly Value[]> =>
  fc.subarray([...values], { minLength: 1, maxLength: Math.min(2, values.length) });
/** Times of entries themselves, those at the edges of a segment often. */
const recorded = fc
  .oneof(fc.nat(SIZE), fc.constantFrom(SEGMENT - 1, SEGMENT, 2 * SEGMENT - 1))
  .map(recordedAt);
const occurred = fc.nat(SIZE).map(occurredAt);

function recordedAt(n: number): Instant {
  return new Date(1_790_000_000_000 + n * 1000).toISOString() as Instant;
}

function occurredAt(n: number): Instant {
  return new Date(1_700_000_000_000 - n * 60_000).toISOString() as Instant;
}

/** Ranges of time that begin or end within a segment, where a whole one is easily passed over. */
const WITHIN_A_SEGMENT: [EventFilters, EventPage][] = [
  { since: recordedAt(SEGMENT + 500) },
  { until: recordedAt(SEGMENT + 500) },
  { occurredSince: occurredAt(SEGMENT + 500) },
  { occurredUntil: occurredAt(SEGMENT + 500) },
].flatMap((times) =>
  [[], [filterOf(['fifth'], 2)]].map((payload): [EventFilters, EventPage] => [
    { ...NO_FILTERS, ...times, payload },
    { order: 'asc', limit: 500, after: null, fromIndex: null, toIndex: null },
  ]),
);

/** A number that another program wrote in another form than ours. */
const AS_IT_IS_WRITTEN: [EventFilters, EventPage] = [
  { ...NO_FILTERS, payload: [filterOf(['n'], 97)] },
  { order: 'asc', limit: 500, after: null, fromIndex: null, toIndex: null },
];

const oneFilter: fc.Arbitrary<Partial<EventFilters>> = fc.oneof(
  some(...SOURCES, 'unknown', 'NUL\0', '\ud800').map((sources) => ({ sources })),
  some(...TYPES).map((types) => ({ types })),
  some('actor-0', 'actor-1', 'nobody').map((actors) => ({ actors })),
  some('admin').map((recordedBy) => ({ recordedBy })),
  some('subject-3', 'subject-57', 'NUL\0', 'unknown').map((subjects) => ({ subjects })),
  some<Verdict>('accepted', 'rejected', 'duplicate').map((verdicts) => ({ verdicts })),
  recorded.map((since) => ({ since })),
  recorded.map((until) => ({ until })),
  occurred.map((occurredSince) => ({ occurredSince })),
  occurred.map((occurredUntil) => ({ occurredUntil })),
  { weight: 4, arbitrary: payloadFilter.map((filter) => ({ payload: [filter] })) },
  fc.tuple(payloadFilter, payloadFilter).map((payload) => ({ payload })),
  fc.constant({ internal: false }),
);

/** Few at once, so that most queries have an answer. */
const anyFilters: fc.Arbitrary<EventFilters> = fc
  .array(oneFilter, { maxLength: 3 })
  .map((parts) => Object.assign({}, NO_FILTERS, ...parts) as EventFilters);

const anyIndex = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  fc.nat(SIZE + 10).map((n) => n as Index),
);
const anyPage: fc.Arbitrary<EventPage> = fc.record({
  order: fc.constantFrom('asc' as const, 'desc' as const),
  limit: fc.constantFrom(7, 100, 500),
  after: anyIndex,
  fromIndex: anyIndex,
  toIndex: anyIndex,
});

function inRange(index: number, { order, after, fromIndex, toIndex }: EventPage): boolean {
  const beyond = after === null || (order === 'asc' ? index > after : index < after);
  return beyond && index >= (fromIndex ?? 0) && index < (toIndex ?? Infinity);
}

/** The pages of random queries have exactly the entries that match, in order; and so has memory, asked for the same. */
const answersAreComplete = (): Promise<void> =>
  fc.assert(
    fc.asyncProperty(anyFilters, anyPage, async (filters, page) => {
      const expected = entries
        .filter((entry) => matches(entry, filters) && inRange(entry.header.index, page))
        .map(({ header }) => header.index);
      const inMemory = entries.filter(
        (entry) => entryMatches(filters, entry, new Content(entry)) && inRange(entry.header.index, page),
      );
      expect(inMemory.map(({ header }) => header.index)).toEqual(expected);
      if (page.order === 'desc') expected.reverse();
      expect(await pagesOf(filters, page, 3)).toEqual(expected.slice(0, 3 * page.limit));
    }),
    { numRuns: 40, examples: [...WITHIN_A_SEGMENT, AS_IT_IS_WRITTEN] },
  );

describe('queries', () => {
  it('are complete while nothing is indexed', answersAreComplete);

  it('are complete when a part is indexed', async () => {
    await leading(database.projectorUrl, async (leadership) => {
      expect(await leadership.indexPayloads(new AbortController().signal)).toBe(true);
    });
    await answersAreComplete();
  });

  it('are complete when every whole segment is indexed', async () => {
    await leading(database.projectorUrl, async (leadership) => {
      const { signal } = new AbortController();
      while (await leadership.indexPayloads(signal));
    });
    await asSuperuser(database, async (client) => {
      const { rows } = await client.query('SELECT count(*)::integer AS count FROM ledger.segment');
      expect(rows).toEqual([{ count: 2 }]);
    });
    await answersAreComplete();
  });

  it('show nothing that an index proposes wrongly', async () => {
    await asSuperuser(database, (client) =>
      client.query(`UPDATE ledger.term SET places = decode(repeat('ff', 128), 'hex')`),
    );
    const filters = { ...NO_FILTERS, subjects: ['subject-3'] };
    const page = { order: 'asc', limit: 500, after: null, fromIndex: null, toIndex: null } as const;
    expect(await pagesOf(filters, page, 9)).toEqual(
      entries.filter((entry) => matches(entry, filters)).map(({ header }) => header.index),
    );
  });
});

describe('a page of large entries', () => {
  const LARGE = 700_000;
  let other: LedgerDatabase;
  let ofOther: LedgerReader;
  let all: readonly Entry[];
  beforeAll(async () => {
    other = await createLedgerDatabase();
    ofOther = openReader({ url: other.readerUrl });
    const drafts = Array.from({ length: SEGMENT + 20 }, (_, n) => ({
      source: n % 2 === 0 ? 'even' : 'odd',
      payload: n % 40 === 0 || n >= SEGMENT ? { n, large: 'x'.repeat(LARGE) } : { n },
      ...(n === 7 ? { metadata: { subject: 'vast', context: 'x'.repeat(1_100_000) } } : {}),
    }));
    all = await leading(other.projectorUrl, async (leadership) => {
      const batch = await batchOf(leadership, [
        ...drafts,
        { payload: { n: 0, large: 'x'.repeat(12_000_000) } },
      ]);
      await leadership.commit(batch);
      await leadership.indexPayloads(new AbortController().signal);
      return batch.entries;
    });
  });
  afterAll(async () => {
    await ofOther.close();
    await other.drop();
  });

  it.each([
    ['all', 'asc', NO_FILTERS],
    ['all', 'desc', NO_FILTERS],
    ['those of a source', 'asc', { ...NO_FILTERS, sources: ['even'] }],
    ['those of a payload', 'desc', { ...NO_FILTERS, payload: [filterOf(['large'], 'x'.repeat(LARGE))] }],
  ] as const)('ends early, and what follows it has the rest: %s, %s', async (_, order, filters) => {
    const found: number[] = [];
    let after: Index | null = null;
    do {
      const { entries: shown, next }: Awaited<ReturnType<LedgerReader['events']>> = await ofOther.events(
        filters,
        { order, limit: 500, after, fromIndex: null, toIndex: null },
      );
      const sizes = shown.map(({ data }) => data.length);
      expect(sizes.slice(0, -1).reduce((sum, size) => sum + size, 0)).toBeLessThan(8 * 1024 * 1024);
      expect(shown.length).toBeGreaterThan(0);
      found.push(...shown.map(({ header }) => header.index));
      after = next;
    } while (after !== null);
    const expected = all.filter((entry) => {
      const { large } = readCanonical(entry.data)?.value as { large?: string };
      if (filters.sources.length > 0) return entry.header.source === 'even';
      return filters.payload.length === 0 || large?.length === LARGE;
    });
    const indexes = expected.map(({ header }) => header.index);
    expect(found).toEqual(order === 'asc' ? indexes : indexes.reverse());
  });

  it('has the subject that stands in large metadata, also once they are indexed', async () => {
    const page = { order: 'desc', limit: 5, after: null, fromIndex: null, toIndex: null } as const;
    const { entries: shown } = await ofOther.events({ ...NO_FILTERS, subjects: ['vast'] }, page);
    expect(shown.map(({ header }) => header.index)).toEqual([7]);
  });
});

describe('rows of a snapshot', () => {
  it('are those that match, whatever the index says', async () => {
    await asSuperuser(database, (client) => client.query('DELETE FROM ledger.term'));
    await fc.assert(
      fc.asyncProperty(anyFilters, fc.nat(SIZE), fc.nat(SIZE), async (filters, from, to) => {
        const found: number[] = [];
        const snapshot = await reader.snapshot();
        for await (const rows of snapshot.rows(from, to, filters))
          found.push(...rows.map(({ index }) => Number(index)));
        const expected = entries.slice(from, Math.max(from, to)).filter((entry) => matches(entry, filters));
        expect(found).toEqual(expected.map(({ header }) => header.index));
      }),
      { numRuns: 40 },
    );
  });
});

describe('indexing', () => {
  it('gets on however soon it is interrupted, and leaves nothing half done', async () => {
    const other = await createLedgerDatabase();
    await leading(other.projectorUrl, async (leadership) => {
      await leadership.commit(
        await batchOf(
          leadership,
          Array.from({ length: SEGMENT }, () => ({})),
        ),
      );
      expect(await leadership.indexPayloads(AbortSignal.abort())).toBe(false);
      let calls = 1;
      for (let finished = false; !finished && calls < 1000; calls++) {
        const stop = new AbortController();
        setImmediate(() => stop.abort());
        finished = await leadership.indexPayloads(stop.signal);
      }
      expect(calls).toBeGreaterThan(2);
      expect(calls).toBeLessThan(1000);
      expect(await leadership.indexPayloads(new AbortController().signal)).toBe(false);
    });
    await other.drop();
  });

  it('is done once when two do it at the same time', async () => {
    const other = await createLedgerDatabase();
    await fill(
      other.projectorUrl,
      Array.from({ length: SEGMENT }, () => ({})),
    );
    const pool = createPool({ url: other.projectorUrl, applicationName: 'test', max: 4 });
    const { signal } = new AbortController();
    await Promise.all([payloadIndexer(pool, LEDGER).step(signal), payloadIndexer(pool, LEDGER).step(signal)]);
    const { rows } = await pool.query('SELECT count(*)::integer AS count FROM ledger.segment');
    expect(rows).toEqual([{ count: 1 }]);
    await pool.end();
    await other.drop();
  });
});
