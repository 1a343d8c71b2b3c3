import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { instantFromMs } from '../../src/ledger/time.js';
import type { Verdict } from '../../src/ledger/types.js';
import { createPool } from '../../src/postgres/pool.js';
import { currentStats } from '../../src/read-model/head.js';
import { LEDGER } from '../../src/read-model/schema-name.js';
import { openTally } from '../../src/read-model/tally.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { fill } from '../support/ledger-filler.js';

const SLICE = 10;

const VERDICTS: readonly Verdict[] = ['rejected', 'accepted', 'duplicate', 'accepted'];

describe('a tally', () => {
  let database: LedgerDatabase;
  let pool: ReturnType<typeof createPool>;

  beforeAll(async () => {
    database = await createLedgerDatabase();
    pool = createPool({ url: database.readerUrl, applicationName: 'test', max: 2 });
    // the first 20 are of 'old', the last 15 of 'new', recorded now
    await fill(database.projectorUrl, [...drafts('old', 20, 3 * 86_400), ...drafts('new', 15, 0)]);
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const drafts = (source: string, count: number, secondsAgo: number) =>
    Array.from({ length: count }, (_, n) => ({
      source,
      type: `${source}.made`,
      verdict: VERDICTS[n % 5] ?? 'accepted',
      metadata: { recordedAt: instantFromMs(Date.now() - secondsAgo * 1000) },
    }));

  it('counts every entry once, the newest ones first, a slice at a time', async () => {
    const tally = openTally(pool, LEDGER, { slice: SLICE, budgetMs: 0 });
    const first = await tally.upTo(35);
    expect(first).toMatchObject({ counted: 10, recent: { minute: 10, hour: 10, day: 10 } });
    expect(first.bySource).toMatchObject({ most: [{ name: 'new', events: 10 }], others: 0 });
    const asked = await Promise.all([tally.upTo(35), tally.upTo(35), tally.upTo(35)]);
    expect(asked.map(({ counted }) => counted)).toEqual([20, 30, 35]);
    const all = await tally.upTo(35);
    expect(all.counted).toBe(35);
    expect(all.byType.most.map(({ name, events }) => [name, events])).toEqual([
      ['old.made', 20],
      ['new.made', 15],
    ]);
    expect(all.recent).toEqual({ minute: 15, hour: 15, day: 15 });
  });

  it('never leaves the verdicts incomplete, however far it has come', async () => {
    const tally = openTally(pool, LEDGER, { slice: SLICE, budgetMs: 0 });
    const verdicts = { accepted: 21, rejected: 7, duplicate: 7 };
    for (const counted of [10, 20, 30, 35, 35]) {
      expect(await currentStats(pool, LEDGER, tally)).toMatchObject({
        ...{ events: 35, sources: 2, verdicts },
        tally: { counted },
      });
    }
  });

  it('goes on with what was appended, and begins anew when another ledger stands in the place of the one it knew', async () => {
    const tally = openTally(pool, LEDGER, { slice: 100, budgetMs: 0 });
    await tally.upTo(35);
    await fill(database.projectorUrl, drafts('new', 5, 0));
    expect(await tally.upTo(40)).toMatchObject({ counted: 40, recent: { minute: 20 } });
    await asSuperuser(database, async (client) => {
      await client.query('ALTER TABLE ledger.entry DISABLE TRIGGER ALL');
      await client.query(
        `UPDATE ledger.entry SET hash = sha256('another'), source = 'another' WHERE index = 39`,
      );
    });
    const { bySource } = await tally.upTo(40);
    expect(bySource.most.map(({ name, events }) => [name, events])).toEqual([
      ['old', 20],
      ['new', 19],
      ['another', 1],
    ]);
    expect((await tally.upTo(30)).counted).toBe(30);
  });
});
