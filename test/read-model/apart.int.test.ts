import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkedRows, type CheckedRow } from '../../src/ledger/checked-row.js';
import { linesOf, type Lines } from '../../src/ledger/exported.js';
import { NO_FILTERS, type EventFilters } from '../../src/ledger/filters.js';
import type { LedgerReader, LedgerSnapshot } from '../../src/read-model/port.js';
import { ApartReader } from '../../src/read-model/apart.js';
import { ENTRY_COLUMNS } from '../../src/read-model/entry-columns.js';
import { openReader } from '../../src/read-model/reader.js';
import { LEDGER } from '../../src/read-model/schema-name.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { fill, type Draft } from '../support/ledger-filler.js';

/** More than what is made ahead of who takes it. */
const SIZE = 5_000;

let database: LedgerDatabase;
/** reads all rows in a thread of its own */
let reader: LedgerReader;

const draftAt = (n: number): Draft => ({
  source: `source-${n % 3}`,
  payload: { n, text: 'ä💶 '.repeat(n % 50) },
  verdict: (['accepted', 'rejected', 'duplicate', 'accepted'] as const)[n % 4] ?? 'accepted',
  ...(n % 10 === 7 && {
    data: Buffer.from([0xff, n % 256, 0x0a]),
    foreignMetadata: Buffer.from('none of ours'),
  }),
});

beforeAll(async () => {
  database = await createLedgerDatabase();
  await fill(
    database.projectorUrl,
    Array.from({ length: SIZE }, (_, n) => draftAt(n)),
  );
});
afterAll(() => database.drop());
beforeEach(() => {
  reader = openReader({ url: database.readerUrl, apartFrom: 1 });
});
afterEach(() => reader.close());

type Apart = NonNullable<ReturnType<NonNullable<LedgerSnapshot['apart']>>>;

async function apart(): Promise<Apart> {
  const rows = (await reader.snapshot()).apart?.(SIZE) ?? null;
  if (rows === null) throw new Error('nothing is read apart');
  return rows;
}

async function all<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const taken: Item[] = [];
  for await (const item of items) taken.push(item);
  return taken;
}

/** Of readers, those for which a condition holds. */
function sessions(condition: string): Promise<number> {
  return asSuperuser(database, async (client) => {
    const { rows } = await client.query(
      `SELECT FROM pg_stat_activity
       WHERE application_name = 'event-ledger reader' AND datname = current_database() AND ${condition}`,
    );
    return rows.length;
  });
}

const EXPRESSIONS = ENTRY_COLUMNS.map(({ expression }) => expression);

async function* nothing(): AsyncGenerator<never> {
  // there is nothing
}

/** What tells of an export's lines. */
function summaryOf(blocks: readonly Lines[]): { readonly count: number; readonly sha256: string } {
  const digest = createHash('sha256');
  for (const { bytes } of blocks) digest.update(bytes);
  return { count: blocks.reduce((sum, { count }) => sum + count, 0), sha256: digest.digest('hex') };
}

/** Rows with their values and nothing else, and of faultless ones what the walk needs. */
function plain(rows: readonly CheckedRow[]): readonly unknown[] {
  return rows.map((checked) => {
    if (checked.faultless === null) {
      const { row } = checked;
      return [row.index, row.id, row.source, row.hash, row.recordedAt, row.data, row.metadata];
    }
    const { header, hash } = checked.faultless;
    const { index, id, source, revision, verdict, recordedAt, previous, previousInSource } = header;
    return { index, id, source, revision, verdict, recordedAt, previous, previousInSource, hash };
  });
}

describe('rows that a thread of its own reads', () => {
  it.each<[string, EventFilters | undefined]>([
    ['all', undefined],
    ['those of a source', { ...NO_FILTERS, sources: ['source-1'] }],
    [
      'those with a value in the payload',
      { ...NO_FILTERS, payload: [{ path: ['n'], values: ['41', '4000'] }] },
    ],
    ['none', { ...NO_FILTERS, sources: ['nobody'] }],
  ])('are checked, and make lines, as here: %s', async (_which, filters) => {
    const snapshot = await reader.snapshot();
    const rows = await all(snapshot.rows(0, SIZE, filters));
    const here = (await all(checkedRows(snapshot.rows(0, SIZE, filters)))).flat();
    const there = (await all((await apart()).checked(0, SIZE, filters))).flatMap((rows) => [...rows]);
    expect(plain(there)).toEqual(plain(here));
    const lines = await all((await apart()).lines(0, SIZE, filters));
    expect(summaryOf(lines)).toEqual(summaryOf(rows.map(linesOf)));
  });

  it('are as they lie there where somebody altered them', async () => {
    const other = await createLedgerDatabase();
    await fill(
      other.projectorUrl,
      Array.from({ length: 1_000 }, (_, n) => draftAt(n)),
    );
    await asSuperuser(other, (client) =>
      client.query(`ALTER TABLE ledger.entry DISABLE TRIGGER ALL;
        UPDATE ledger.entry SET data = '\\x00ff' WHERE index % 7 = 3;
        UPDATE ledger.entry SET type = '', actor = NULL WHERE index > 600`),
    );
    const altered = openReader({ url: other.readerUrl, apartFrom: 1 });
    const snapshot = await altered.snapshot();
    const rows = snapshot.apart?.(SIZE) ?? null;
    const here = (await all(checkedRows(snapshot.rows(0, SIZE)))).flat();
    const there = (await all(rows?.checked(0, SIZE) ?? nothing())).flatMap((each) => [...each]);
    const lines = all(rows?.lines(0, SIZE) ?? nothing());
    await expect(lines).rejects.toMatchObject({
      code: 'internal',
      message: 'entry 601 cannot be exported (column type): verify the ledger',
    });
    await altered.close();
    await other.drop();
    expect(there.filter(({ faultless }) => faultless === null).length).toBeGreaterThan(400);
    expect(plain(there)).toEqual(plain(here));
  });

  it('are read no more once the taker has left', async () => {
    const lines = (await apart()).lines(0, SIZE)[Symbol.asyncIterator]();
    const first = await lines.next();
    expect(first.done === true ? 0 : first.value.count).toBeGreaterThan(0);
    await lines.return?.();
    await expect.poll(() => sessions("state <> 'idle'")).toBe(0);
    expect(summaryOf(await all((await apart()).lines(0, SIZE))).count).toBe(SIZE);
  });

  it('come to several who ask at once', async () => {
    const taken = await Promise.all(
      Array.from({ length: 12 }, async () => summaryOf(await all((await apart()).lines(0, SIZE)))),
    );
    expect(new Set(taken.map(({ sha256 }) => sha256)).size).toBe(1);
  });

  it('fail as here: with the code, and what it was about', async () => {
    const hasty = openReader({ url: database.readerUrl, apartFrom: 1, queryLimitMs: 2_000 });
    const rows = (await hasty.snapshot()).apart?.(SIZE);
    await asSuperuser(database, async (client) => {
      await client.query('BEGIN; LOCK TABLE ledger.entry');
      await expect(all(rows?.lines(0, SIZE) ?? nothing())).rejects.toMatchObject({
        code: 'too-slow',
        message: expect.stringContaining('statement') as string,
      });
      await client.query('ROLLBACK');
    });
    expect(summaryOf(await all(rows?.lines(0, SIZE) ?? nothing())).count).toBe(SIZE);
    await hasty.close();
  });

  it('wait for a connection for as long as the statements of others take', async () => {
    const slow = openReader({ url: database.readerUrl, apartFrom: 1, queryLimitMs: 20_000 });
    const snapshot = await slow.snapshot();
    const read = (): Promise<readonly Lines[]> => all(snapshot.apart?.(SIZE)?.lines(0, 1) ?? nothing());
    await read();
    const reading = await asSuperuser(database, async (client) => {
      await client.query('BEGIN; LOCK TABLE ledger.entry');
      // more than there are connections
      const waiting = Array.from({ length: 6 }, read);
      await expect.poll(() => sessions("wait_event_type = 'Lock'")).toBe(4);
      // longer than who wants a connection waits elsewhere
      await client.query('SELECT pg_sleep(6)');
      await client.query('ROLLBACK');
      return waiting;
    });
    expect((await Promise.all(reading)).map((lines) => summaryOf(lines).count)).toEqual(Array(6).fill(1));
    await slow.close();
  });

  it('have no thread any more when nobody has asked for a while, and then one again', async () => {
    const data = { url: database.readerUrl, schema: LEDGER, queryLimitMs: 10_000 };
    const brief = new ApartReader(data, 1, 200);
    const rows = brief.rows(EXPRESSIONS);
    const before = await sessions('true');
    for (let n = 0; n < 2; n += 1) {
      expect(summaryOf(await all(rows.lines(0, SIZE))).count).toBe(SIZE);
      expect(await sessions('true')).toBe(before + 1);
      await expect.poll(() => sessions('true')).toBe(before);
    }
    await brief.close();
  });

  it('end with an error where the reader is closed meanwhile, and are not begun afterwards', async () => {
    const rows = await apart();
    const lines = rows.lines(0, SIZE)[Symbol.asyncIterator]();
    await lines.next();
    await reader.close();
    const rest = (async (): Promise<void> => {
      while ((await lines.next()).done !== true);
    })();
    await expect(rest).rejects.toMatchObject({ code: 'store-unavailable' });
    await expect(all(rows.checked(0, SIZE))).rejects.toMatchObject({ code: 'store-unavailable' });
  });

  it('fail as here where there is no server, with the reason', async () => {
    const nowhere = { url: 'postgres://nobody@localhost:1/nothing', schema: LEDGER, queryLimitMs: 1_000 };
    const unreachable = new ApartReader(nowhere);
    await expect(all(unreachable.rows([]).lines(0, SIZE))).rejects.toMatchObject({
      code: 'store-unavailable',
      cause: expect.objectContaining({ stack: expect.stringContaining('ECONNREFUSED') as string }) as object,
    });
    await unreachable.close();
  });
});
