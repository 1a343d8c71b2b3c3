import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_FILTERS } from '../../src/ledger/filters.js';
import type { Head, Index } from '../../src/ledger/types.js';
import type { LedgerReader } from '../../src/read-model/port.js';
import { createRebuild, dropRebuild, REBUILD, swapRebuild } from '../../src/read-model/rebuild.js';
import { openReader } from '../../src/read-model/reader.js';
import { openWriter } from '../../src/read-model/writer.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { batchOf, fill, leading, type Draft } from '../support/ledger-filler.js';

const DRAFTS: readonly Draft[] = Array.from({ length: 300 }, (_, n) => ({
  source: `s${n % 3}`,
  payload: { n },
}));
const NOW = new Date('2026-11-20T10:11:12Z');

let database: LedgerDatabase;
let reader: LedgerReader;
beforeEach(async () => {
  database = await createLedgerDatabase();
  reader = openReader({ url: database.readerUrl });
  await fill(database.projectorUrl, DRAFTS);
});
afterEach(async () => {
  await reader.close();
  await database.drop();
});

/** Fills the second read model as `rebuild` does, and gives its head. */
async function rebuilt(drafts: readonly Draft[]): Promise<Head> {
  await createRebuild(database.adminUrl);
  const writer = openWriter({ url: database.adminUrl, schema: REBUILD });
  const leadership = await writer.lead(new AbortController().signal);
  if (leadership === null) throw new Error('never aborted');
  await leadership.commit(await batchOf(leadership, drafts));
  const { head } = await leadership.state();
  await leadership.release();
  await writer.close();
  return head;
}

describe('a rebuilt ledger', () => {
  it('has the same head when it is made from the same events', async () => {
    const { size, hash } = await reader.head();
    expect(await rebuilt(DRAFTS)).toEqual({ size, hash });
  });

  it('is swapped in under running readers, with rights and catalogue as they were', async () => {
    const old = await reader.head();
    const head = await rebuilt([...DRAFTS, { source: 'new', payload: { late: true } }]);
    expect(await reader.head()).toEqual(old);
    const kept = await swapRebuild(database.adminUrl, { old, rebuilt: head }, NOW);
    expect(kept).toBe('ledger_20261120101112');
    expect(await reader.head()).toMatchObject(head);
    expect((await reader.entry(300 as Index))?.header.source).toBe('new');
    expect(await reader.origin()).toBe(database.origin);
    expect(await reader.selfCheck()).toEqual({ checked: true, findings: [] });
    await fill(database.projectorUrl, [{ source: 'after the swap' }]);
    const page = { order: 'desc', limit: 1, after: null, fromIndex: null, toIndex: null } as const;
    expect((await reader.events(NO_FILTERS, page)).entries[0]?.header.source).toBe('after the swap');
  });

  it('leaves the old one as it was, still protected', async () => {
    const old = await reader.head();
    const kept = await swapRebuild(database.adminUrl, { old, rebuilt: await rebuilt(DRAFTS) }, NOW);
    await expect(
      asSuperuser(database, (client) => client.query(`DELETE FROM ${kept}.entry`)),
    ).rejects.toThrow('append-only');
    const evidence = openReader({ url: database.readerUrl, schema: kept });
    expect(await evidence.head()).toEqual(old);
    await evidence.close();
  });

  it('is not swapped in while a projector is active', async () => {
    const old = await reader.head();
    const head = await rebuilt(DRAFTS);
    await leading(database.projectorUrl, async () => {
      await expect(swapRebuild(database.adminUrl, { old, rebuilt: head }, NOW)).rejects.toMatchObject({
        code: 'in-use',
      });
    });
  });

  it('is not swapped in when a head has moved since they were compared', async () => {
    const old = await reader.head();
    const head = await rebuilt(DRAFTS);
    await fill(database.projectorUrl, [{}]);
    await expect(swapRebuild(database.adminUrl, { old, rebuilt: head }, NOW)).rejects.toMatchObject({
      code: 'fenced',
    });
  });

  it('is neither made anew nor dropped while another process fills it', async () => {
    await createRebuild(database.adminUrl);
    const writer = openWriter({ url: database.adminUrl, schema: REBUILD });
    const leadership = await writer.lead(new AbortController().signal);
    await expect(createRebuild(database.adminUrl)).rejects.toMatchObject({ code: 'in-use' });
    await expect(dropRebuild(database.adminUrl)).rejects.toMatchObject({ code: 'in-use' });
    await leadership?.release();
    await writer.close();
  });

  it('is dropped without a trace, and made anew over one that was left', async () => {
    await rebuilt(DRAFTS);
    expect(await rebuilt(DRAFTS.slice(0, 10))).toMatchObject({ size: 10 });
    await dropRebuild(database.adminUrl);
    await dropRebuild(database.adminUrl);
    const schemas = await asSuperuser(database, (client) =>
      client.query(`SELECT FROM pg_namespace WHERE nspname = '${REBUILD}'`),
    );
    expect(schemas.rowCount).toBe(0);
  });
});
