import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_FILTERS } from '../../src/ledger/filters.js';
import { NO_HASH, type Entry, type EventId, type Index, type Revision } from '../../src/ledger/types.js';
import { createPool } from '../../src/postgres/pool.js';
import { readEvents } from '../../src/read-model/events.js';
import { LEDGER } from '../../src/read-model/schema-name.js';
import { openReader } from '../../src/read-model/reader.js';
import type { LedgerReader } from '../../src/read-model/port.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { batchOf, fill, leading, uuidOf } from '../support/ledger-filler.js';

let database: LedgerDatabase;
let reader: LedgerReader;
beforeAll(async () => {
  database = await createLedgerDatabase();
  reader = openReader({ url: database.readerUrl });
});
afterAll(async () => {
  await reader.close();
  await database.drop();
});

const ANY = { source: null, within: null } as const;
const page = { order: 'desc', limit: 50, after: null, fromIndex: null, toIndex: null } as const;

describe('an empty ledger', () => {
  it('has a head, no entries, and a name', async () => {
    await reader.ready();
    expect(await reader.head()).toEqual({ size: 0, hash: NO_HASH, recordedAt: null, position: null });
    expect(await reader.entry(0 as Index)).toBeNull();
    expect(await reader.events(NO_FILTERS, page)).toEqual({ entries: [], next: null });
    expect(await reader.stats()).toEqual({
      events: 0,
      sources: 0,
      verdicts: { accepted: 0, rejected: 0, duplicate: 0 },
      tally: {
        counted: 0,
        bySource: { most: [], others: 0 },
        byType: { most: [], others: 0 },
        recent: { minute: 0, hour: 0, day: 0 },
      },
    });
    expect(await reader.origin()).toBe(database.origin);
    expect(await reader.health()).toEqual({ status: 'ok' });
  });
});

describe('a reader', () => {
  let entries: readonly Entry[];
  beforeAll(async () => {
    entries = await leading(database.projectorUrl, async (leadership) => {
      const batch = await batchOf(leadership, [
        { source: 'b', id: uuidOf(1) },
        { source: 'a', id: uuidOf(1), verdict: 'rejected' },
        { source: 'a', id: uuidOf(1), verdict: 'duplicate' },
        { source: '_schemas', type: 'schema.registered' },
        { source: 'é', id: uuidOf(2) },
      ]);
      await leadership.commit(batch);
      return batch.entries;
    });
  });

  it('sees the head, and when its entry was recorded', async () => {
    const last = entries.at(-1);
    expect(await reader.head()).toEqual({
      size: 5,
      hash: last?.hash,
      recordedAt: last?.header.recordedAt,
      position: '5',
    });
  });

  it('finds entries by index, by place and by id', async () => {
    expect(await reader.entry(2 as Index)).toEqual(entries[2]);
    expect(await reader.entryAt('a', 1 as Revision)).toEqual(entries[2]);
    expect(await reader.entryAt('a', 2 as Revision)).toBeNull();
    expect(await reader.entriesById(uuidOf(1), ANY)).toEqual([entries[0], entries[1]]);
    expect(await reader.entriesById(uuidOf(1), { ...ANY, source: 'a' })).toEqual([entries[1]]);
    expect(await reader.entriesById(uuidOf(1), { ...ANY, source: 'c' })).toEqual([]);
    expect(await reader.entriesById(uuidOf(9), ANY)).toEqual([]);
  });

  it('tells the door which identities a source has, and how far the ledger knows it', async () => {
    const places = new Map([[uuidOf(1), { index: 1, revision: 0 }]]);
    const questions = [
      { source: 'a', ids: [uuidOf(1), uuidOf(2)] },
      { source: 'b', ids: [uuidOf(1)] },
      { source: 'nobody', ids: [uuidOf(1)] },
      { source: 'NUL\0', ids: [uuidOf(1)] },
      { source: 'a', ids: [] },
    ];
    const answers = [
      { places, lastRevision: 1 },
      { places: new Map([[uuidOf(1), { index: 0, revision: 0 }]]), lastRevision: 0 },
      { places: new Map(), lastRevision: null },
      { places: new Map(), lastRevision: null },
      { places: new Map(), lastRevision: 1 },
    ];
    expect(await reader.identities(questions)).toEqual(answers);
    // each by itself as all together
    for (const [n, question] of questions.entries()) {
      expect(await reader.identities([question])).toEqual([answers[n]]);
    }
    expect(await reader.identities([])).toEqual([]);
  });

  it('gives of sources that share an id so many entries as are not too large, two in any case', async () => {
    const other = await createLedgerDatabase();
    const shared = (id: EventId, each: number) =>
      Array.from({ length: 4 }, (_, n) => ({ source: `source-${n}`, id, payload: 'x'.repeat(each) }));
    await fill(other.projectorUrl, [...shared(uuidOf(1), 2_500_000), ...shared(uuidOf(2), 9_000_000)]);
    const ofOther = openReader({ url: other.readerUrl });
    const found = [await ofOther.entriesById(uuidOf(1), ANY), await ofOther.entriesById(uuidOf(2), ANY)];
    await ofOther.close();
    await other.drop();
    expect(found.map((some) => some.map(({ header }) => header.index))).toEqual([
      [0, 1, 2],
      [4, 5],
    ]);
  });

  it('gives entries a part at a time, and leaves out what is none', async () => {
    const other = await createLedgerDatabase();
    const large = Array.from({ length: 12 }, (_, n) => ({ payload: `${n}${'x'.repeat(1_000_000)}` }));
    await fill(other.projectorUrl, large);
    await asSuperuser(other, (client) =>
      client.query(`ALTER TABLE ledger.entry DISABLE TRIGGER ALL;
        UPDATE ledger.entry SET recorded_by = '' WHERE index = 4`),
    );
    const ofOther = openReader({ url: other.readerUrl });
    const parts: number[][] = [];
    for await (const some of ofOther.entriesAt([7, 3, 4, 99, 0, 11, 7, 5, 8, 9, 10] as Index[])) {
      parts.push(some.map(({ header }) => header.index));
    }
    await ofOther.close();
    await other.drop();
    expect(parts.flat()).toEqual([0, 3, 5, 7, 8, 9, 10, 11]);
    expect(Math.max(...parts.map(({ length }) => length))).toBeLessThanOrEqual(5);
  });

  it('lists the sources in the order of their bytes, page by page', async () => {
    const first = await reader.sources({ after: null, limit: 2, internal: false, within: null });
    expect(first.sources.map(({ source, count }) => [source, count])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    const second = await reader.sources({ after: first.next, limit: 2, internal: false, within: null });
    expect(second.sources.map(({ source }) => source)).toEqual(['é']);
    expect(second.next).toBeNull();
    const internal = await reader.sources({ after: null, limit: 9, internal: true, within: null });
    expect(internal.sources.map(({ source }) => source)).toEqual(['_schemas', 'a', 'b', 'é']);
  });

  it('counts, by source and by type, too', async () => {
    const one = { accepted: 1, rejected: 0, duplicate: 0 };
    expect(await reader.stats()).toEqual({
      events: 5,
      sources: 4,
      verdicts: { accepted: 3, rejected: 1, duplicate: 1 },
      tally: {
        counted: 5,
        bySource: {
          most: [
            { name: 'a', events: 2, verdicts: { accepted: 0, rejected: 1, duplicate: 1 } },
            ...['_schemas', 'b', 'é'].map((name) => ({ name, events: 1, verdicts: one })),
          ],
          others: 0,
        },
        byType: {
          most: [
            { name: 'order.placed', events: 4, verdicts: { accepted: 2, rejected: 1, duplicate: 1 } },
            { name: 'schema.registered', events: 1, verdicts: one },
          ],
          others: 0,
        },
        recent: { minute: 0, hour: 0, day: 0 },
      },
    });
  });

  it('gives a query up when its time is over, also between its statements', async () => {
    const pool = createPool({ url: database.readerUrl, applicationName: 'test', max: 1 });
    const query = { pool, schema: LEDGER, filters: NO_FILTERS, page, limitMs: -1 };
    await expect(readEvents(query)).rejects.toMatchObject({ code: 'too-slow' });
    await pool.end();
  });

  it('gives the registrations from an index on', async () => {
    const collect = async (from: number): Promise<readonly Entry[]> => {
      const found: Entry[] = [];
      for await (const entry of reader.registrations(from as Index)) found.push(entry);
      return found;
    };
    expect(await collect(0)).toEqual([entries[3]]);
    expect(await collect(4)).toEqual([]);
  });

  it('learns that the head has moved, many times over at the cost of one connection', async () => {
    const waiting = Promise.all(Array.from({ length: 100 }, () => reader.headMoved(20_000)));
    await asSuperuser(database, async (client) => {
      const { rows } = await client.query<{ count: string }>(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name ~ 'listener'",
      );
      expect(Number(rows[0]?.count)).toBeLessThanOrEqual(1);
    });
    await fill(database.projectorUrl, [{}]);
    await waiting;
  });

  it('stops waiting for the head after a time, and when aborted', async () => {
    await reader.headMoved(1);
    const stop = new AbortController();
    const waiting = reader.headMoved(60_000, stop.signal);
    stop.abort();
    await waiting;
    await reader.headMoved(60_000, stop.signal);
  });

  it('is refused to nobody but those who may not log in', async () => {
    const url = new URL(database.readerUrl);
    url.password = 'wrong';
    const stranger = openReader({ url: url.href });
    await expect(stranger.head()).rejects.toMatchObject({ code: 'access-denied' });
    expect(await stranger.health()).toMatchObject({ status: 'down' });
    await stranger.close();
  });
});
