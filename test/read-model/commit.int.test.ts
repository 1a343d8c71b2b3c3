import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Hash, Index, Instant, Position, Revision } from '../../src/ledger/types.js';
import type { LedgerState } from '../../src/read-model/port.js';
import { createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { batchOf, leading } from '../support/ledger-filler.js';

let database: LedgerDatabase;
beforeAll(async () => {
  database = await createLedgerDatabase();
});
afterAll(() => database.drop());

/** few go over in one statement, many are copied */
const FEW_AND_MANY = [1, 40];

it.each(FEW_AND_MANY)('appends entries that are read back as they were, %d times five', async (times) => {
  const drafts = [
    { source: 'a', payload: { text: 'ä €\n' } },
    { source: 'b', data: Buffer.of(0, 255, 128), foreignMetadata: Buffer.alloc(0), verdict: 'rejected' },
    {
      source: 'a',
      verdict: 'duplicate',
      metadata: { actor: 'c\u0001', occurredAt: null, recordedBy: null },
    },
    { source: 'c', metadata: { recordedAt: '0001-01-01T00:00:00.000Z' as Instant } },
    {
      source: 'c',
      data: Buffer.alloc(2_000, 1),
      metadata: { recordedAt: '9999-12-31T23:59:59.999Z' as Instant },
    },
  ] as const;
  await leading(database.projectorUrl, async (leadership) => {
    const batch = await batchOf(leadership, Array.from({ length: times }, () => drafts).flat());
    await leadership.commit(batch);
    for (const entry of batch.entries) {
      expect(await leadership.entry(entry.header.index)).toEqual(entry);
      expect(await leadership.entryAt(entry.header.source, entry.header.revision)).toEqual(entry);
    }
    expect(await leadership.state()).toEqual(batch.after);
    const heads = await leadership.sourceHeads(['a', 'b', 'c', 'unknown', 'NUL\0', '\ud800']);
    expect([...heads.values()]).toEqual(batch.sourceHeads);
    expect(await leadership.entry(9999 as Index)).toBeNull();
    expect(await leadership.entryAt('a', 9999 as Revision)).toBeNull();
  });
});

it.each(FEW_AND_MANY)(
  'moves nothing when the head is not what the batch follows, %d times five',
  async (times) => {
    const drafts = Array.from({ length: 5 * times }, () => ({ source: `late ${times}` }));
    await leading(database.projectorUrl, async (leadership) => {
      const late = await batchOf(leadership, drafts);
      await leadership.commit(await batchOf(leadership, [{ source: 'first' }]));
      const before = await leadership.state();
      await expect(leadership.commit(late)).rejects.toMatchObject({ code: 'fenced' });
      const elsewhere = await batchOf(leadership, drafts);
      const others: readonly LedgerState[] = [
        { ...elsewhere.before, position: 'another place' as Position },
        { ...elsewhere.before, head: { ...elsewhere.before.head, hash: 'ab'.repeat(32) as Hash } },
      ];
      for (const other of others) {
        await expect(leadership.commit({ ...elsewhere, before: other })).rejects.toMatchObject({
          code: 'fenced',
        });
      }
      expect(await leadership.state()).toEqual(before);
      expect(await leadership.sourceHeads([`late ${times}`])).toEqual(new Map());
    });
  },
);

it.each(FEW_AND_MANY)('moves nothing when an entry is refused, and goes on, %d times five', async (times) => {
  const drafts = Array.from({ length: 5 * times }, () => ({ source: `refused ${times}` }));
  await leading(database.projectorUrl, async (leadership) => {
    const before = await leadership.state();
    const batch = await batchOf(leadership, drafts);
    // a second entry for one place of its source, which the table refuses
    const entries = batch.entries.map((entry) => ({
      ...entry,
      header: { ...entry.header, revision: 0 as Revision },
    }));
    await expect(leadership.commit({ ...batch, entries })).rejects.toMatchObject({ code: 'internal' });
    expect(await leadership.state()).toEqual(before);
    await leadership.commit(batch);
    expect(await leadership.state()).toEqual(batch.after);
    expect(leadership.lost.aborted).toBe(false);
  });
});
