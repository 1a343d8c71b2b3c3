import { describe, expect, it } from 'vitest';
import { entryHash, headerBytes } from '../../src/ledger/entry.js';
import { ahead } from '../../src/ledger/ahead.js';
import { LedgerError } from '../../src/ledger/error.js';
import { finding, type Finding, type FindingCode } from '../../src/ledger/finding.js';
import type { EntryRow } from '../../src/ledger/row.js';
import type { TableView } from '../../src/ledger/table-check.js';
import {
  NO_HASH,
  type Entry,
  type Hash,
  type Head,
  type Header,
  type Instant,
  type Revision,
} from '../../src/ledger/types.js';
import {
  verifyLedger,
  type LedgerView,
  type Progress,
  type Verification,
  type VerificationOptions,
} from '../../src/ledger/verification.js';
import {
  at,
  ledgerOf,
  ledgerOfSize,
  placedRows,
  rowOf,
  tablesOf,
  viewOf,
  type Placed,
  type Tables,
} from './builders.js';

const SIZE = 20;
const OTHER_HASH = 'ab'.repeat(32) as Hash;

async function run(view: LedgerView, options?: VerificationOptions) {
  const walk = verifyLedger(() => Promise.resolve(view), options);
  const progress: Progress[] = [];
  for (;;) {
    const step = await walk.next();
    if (step.done === true) return { report: step.value, progress };
    progress.push(step.value);
  }
}

async function verify(tables: Tables, options?: VerificationOptions): Promise<Verification> {
  return (await run(viewOf(tables), options)).report;
}

/** Verify a ledger of 20 entries after somebody changed its tables. */
async function verifyTampered(
  tamper: (tables: Tables) => void,
  options?: VerificationOptions,
): Promise<Verification> {
  const tables = tablesOf(ledgerOfSize(SIZE));
  tamper(tables);
  return verify(tables, options);
}

function edit(tables: Tables, index: number, change: Partial<EntryRow>): void {
  tables.rows = tables.rows.map((row) => (row.index === String(index) ? { ...row, ...change } : row));
}

const codes = (findings: readonly Finding[]) => findings.map(({ code, index }) => `${code} ${index ?? '-'}`);
const has = (report: Verification, code: FindingCode, index: number | null) =>
  report.findings.some((found) => found.code === code && found.index === index);

/** What a knowledgeable forger does: change the header and recompute the entry's own hash. */
function forge(entry: Entry, change: Partial<Header>): Entry {
  const header = { ...entry.header, ...change };
  return { ...entry, header, hash: entryHash(headerBytes(header)) };
}

describe('full verification', () => {
  it.each([0, 1, 2, 255, 256, 257, 600])('finds nothing wrong with an honest ledger of %i', async (size) => {
    const report = await verify(tablesOf(ledgerOfSize(size)));
    expect(report).toMatchObject({ intact: true, checked: size, size, findings: [], findingsTotal: 0 });
    expect(report.range).toEqual({ fromIndex: 0, toIndex: size });
    expect(report).not.toHaveProperty('notChecked');
  });

  it('takes whatever an honest ledger can hold', async () => {
    const ledger = ledgerOf([
      { metadata: Buffer.alloc(0), data: Buffer.alloc(0), verdict: 'rejected', schema: null },
      { metadata: Buffer.from('{"recordedBy":"me"}'), data: Buffer.from('no JSON') },
      { source: '', type: 'x'.repeat(4000) },
      { source: '_schemas', type: 'schema.registered' },
      { actor: null, recordedBy: null, occurredAt: null },
      { source: 'ä/ö ü', type: '💶', verdict: 'duplicate', schema: null },
      {
        recordedAt: '0001-01-01T00:00:00.000Z' as Instant,
        occurredAt: '9999-12-31T23:59:59.999Z' as Instant,
      },
      { recordedAt: '1969-12-31T23:59:59.999Z' as Instant },
    ]);
    expect(await verify(tablesOf(ledger))).toMatchObject({ intact: true, findings: [] });
  });

  it('tells how far it is, from nothing to everything', async () => {
    const { progress } = await run(viewOf(tablesOf(ledgerOfSize(SIZE)), 7));
    // at the end the table and its indexes are read
    expect(progress).toEqual([0, 7, 14, 20, 20, 20, 20, 20].map((checked) => ({ checked, total: SIZE })));
  });

  it('reports what the check of the catalogue gave', async () => {
    const tables = tablesOf(ledgerOfSize(3));
    const altered: Finding = {
      ...{
        code: 'catalogue-altered',
        index: null,
        id: null,
        source: null,
        expected: 'a trigger',
        found: null,
      },
    };
    const found = await verify(tables, { selfCheck: { checked: true, findings: [altered] } });
    expect(found).toMatchObject({ intact: false, findings: [altered], findingsTotal: 1 });
    const unknown = await verify(tables, { selfCheck: { checked: false, findings: [] } });
    expect(unknown.intact).toBe(false);
    expect(unknown.notChecked).toHaveLength(1);
  });

  it('fails when the ledger cannot be read, and ends its reads when nobody listens any more', async () => {
    const view = viewOf(tablesOf(ledgerOfSize(SIZE)));
    let ended = 0;
    const failing: LedgerView = {
      ...view,
      async *rows(from, to) {
        try {
          yield* view.rows(from, to);
          throw new Error('connection lost');
        } finally {
          ended++;
        }
      },
    };
    await expect(run(failing)).rejects.toThrow('connection lost');
    const abandoned = verifyLedger(() => Promise.resolve(failing));
    await abandoned.next();
    await abandoned.next();
    await abandoned.return(undefined as never);
    expect(ended).toBe(2);
  });
});

describe('a ledger that refuses to be read', () => {
  const altered = finding({}, { code: 'catalogue-altered', detail: 'policy ledger.entry hidden' });
  const refusal = new LedgerError('access-denied', 'the read model refuses a right');
  const refuse = () => Promise.reject(refusal);

  it('does not hide what was found before', async () => {
    const selfCheck = { checked: true, findings: [altered] };
    const unopened = verifyLedger(refuse, { selfCheck });
    expect((await unopened.next()).value).toMatchObject({
      intact: false,
      checked: 0,
      findings: [altered],
      notChecked: [expect.stringContaining('the read model refuses a right')],
    });
    const tables = tablesOf(ledgerOfSize(SIZE));
    edit(tables, 0, { type: 'other.thing' });
    const view = viewOf(tables);
    const table = { ...view.table, size: refuse, placed: refusing(refusal) };
    const { report } = await run({ ...view, table });
    expect(report).toMatchObject({ intact: false, checked: SIZE, findingsTotal: 1 });
    expect(report.notChecked).toHaveLength(1);
  });

  it('fails when nothing was found, and when we are at fault', async () => {
    await expect(verifyLedger(refuse).next()).rejects.toBe(refusal);
    const bug = new TypeError('a bug');
    const options = { selfCheck: { checked: true, findings: [altered] } };
    await expect(verifyLedger(() => Promise.reject(bug), options).next()).rejects.toBe(bug);
  });
});

function refusing(error: Error): () => AsyncIterable<never> {
  return () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) });
}

describe('the table that the rows come from', () => {
  const withTable = async (change: (table: TableView) => Partial<TableView>): Promise<Verification> => {
    const view = viewOf(tablesOf(ledgerOfSize(SIZE)));
    return (await run({ ...view, table: { ...view.table, ...change(view.table) } })).report;
  };
  const alsoPlaced =
    (...rows: readonly Placed[]) =>
    (table: TableView): Partial<TableView> => ({
      async *placed() {
        yield* table.placed();
        yield await Promise.resolve(placedRows(rows));
      },
    });

  it('holds no row that the primary key does not', async () => {
    const doubled = await withTable(alsoPlaced([7, 7]));
    expect(codes(doubled.findings)).toEqual(['unexpected-entry 7']);
    const nowhere = await withTable(alsoPlaced([3, NaN], [4, -1]));
    expect(nowhere.findingsTotal).toBe(2);
    const beyond = await withTable(alsoPlaced([3, SIZE]));
    expect(beyond.findingsTotal).toBe(1);
  });

  it('may have grown, by one row for each entry', async () => {
    const grown = alsoPlaced([3, SIZE], [4, SIZE + 1]);
    const size = () => Promise.resolve(SIZE + 2);
    expect(await withTable((table) => ({ ...grown(table), size }))).toMatchObject({ intact: true });
    const doubled = alsoPlaced([3, SIZE], [4, SIZE]);
    expect((await withTable((table) => ({ ...doubled(table), size }))).findingsTotal).toBe(1);
  });

  it('is not intact when not all of it was met, or an index answers with less', async () => {
    const unread = await withTable(() => ({ placed: () => ahead(nothing()) }));
    expect(unread).toMatchObject({ intact: false, findings: [] });
    expect(unread.notChecked).toEqual([`rows of the table: 0 of ${SIZE} were met when it was read itself`]);
    for (const part of ['lookUps', 'counts'] as const) {
      const short = await withTable(() => ({
        async *[part]() {
          yield await Promise.resolve({ name: 'entry_identity', expected: SIZE, found: SIZE - 1 });
        },
      }));
      expect(short.findings).toEqual([
        expect.objectContaining({ code: 'index-mismatch', expected: '20 rows', found: '19 rows' }),
      ]);
    }
  });

  it('is not read for a part of the ledger', async () => {
    const view = viewOf(tablesOf(ledgerOfSize(SIZE)));
    const unread = { ...view, table: { ...view.table, placed: refusing(new Error('read')) } };
    expect((await run(unread, { fromIndex: 1 })).report).toMatchObject({ intact: true });
    expect((await run(unread, { source: 'source-1' })).report).toMatchObject({ intact: true });
  });
});

async function* nothing(): AsyncGenerator<never> {
  // no rows
}

describe('an edited entry', () => {
  /** A value that the column can hold, other than the one it has. */
  const EDITS: { readonly [column in keyof EntryRow]: readonly (string | Buffer | null)[] } = {
    index: ['3', '300', '07', '-7', '7.0', '9007199254740993', null],
    id: ['00000000-0000-4000-8000-00000000abcd', '', 'NO', null],
    source: ['source-0', 'source-9', '', ' x', '$x', 'a\u0000b', null],
    type: ['other.thing', '', '~', null],
    revision: ['0', '1', '7', '1e1', '9007199254740992', null],
    schema: [OTHER_HASH, null, 'AB'.repeat(32), ''],
    verdict: ['rejected', 'duplicate', 'Accepted', null],
    occurredAt: ['1790000000000.000000', '1790000007000.900000', 'Infinity', '-62135596800001.000000', null],
    recordedAt: ['1790000000000.000000', '1790000007000.000900', '-Infinity', '253402300800000', null],
    recordedBy: ['bob', '', 'x'.repeat(513), null],
    actor: ['bob', '', 'x'.repeat(513), null],
    content: [OTHER_HASH, '', null],
    previous: [OTHER_HASH, '0'.repeat(64), null],
    previousInSource: [OTHER_HASH, 'x', null],
    hash: [OTHER_HASH, '', null],
    data: [Buffer.from('{"n":8}'), Buffer.alloc(0), null],
    metadata: [Buffer.from('{}'), Buffer.alloc(0), null],
  };

  it.each(
    Object.entries(EDITS).flatMap(([column, values]) => values.map((value) => [column, value] as const)),
  )('is found at its index: %s becomes %j', async (column, value) => {
    const report = await verifyTampered((tables) => edit(tables, 7, { [column]: value }));
    expect(report.intact).toBe(false);
    expect(report.findingsTotal).toBeGreaterThan(0);
    // an index is a row's only place: where it was moved to is named too
    const elsewhere = report.findings.filter(({ index }) => index !== 7);
    if (column === 'index') expect(has(report, 'missing-entry', 7)).toBe(true);
    else expect(elsewhere).toEqual([]);
  });

  it('has its column covered, whichever it is', () => {
    const row = rowOf(at(ledgerOfSize(1).entries, 0));
    expect(Object.keys(EDITS).toSorted()).toEqual(Object.keys(row).toSorted());
  });

  it('is named by what is wrong with it', async () => {
    const found = async (change: Partial<EntryRow>) =>
      codes((await verifyTampered((tables) => edit(tables, 7, change))).findings);
    expect(await found({ data: Buffer.from('{}') })).toEqual(['content-mismatch 7']);
    expect(await found({ metadata: Buffer.from('{}') })).toEqual(['content-mismatch 7']);
    expect(await found({ hash: OTHER_HASH })).toEqual(['hash-mismatch 7']);
    expect(await found({ type: 'other.thing' })).toEqual(['hash-mismatch 7']);
    expect(await found({ actor: 'bob' })).toEqual(['metadata-mismatch 7', 'hash-mismatch 7']);
    expect(await found({ previous: OTHER_HASH })).toEqual(['hash-mismatch 7', 'broken-chain 7']);
    expect(await found({ previousInSource: OTHER_HASH })).toEqual([
      'hash-mismatch 7',
      'broken-source-chain 7',
    ]);
    expect(await found({ recordedAt: '1790000007000.900000' })).toEqual(['unreadable-value 7']);
    expect(await found({ index: '300' })).toEqual(['missing-entry 7', 'unexpected-entry 300']);
  });

  it('whose value is none is reported with column and value', async () => {
    const report = await verifyTampered((tables) => edit(tables, 7, { verdict: 'Accepted'.repeat(100) }));
    const [found] = report.findings;
    expect(found).toMatchObject({
      code: 'unreadable-value',
      index: 7,
      source: 'source-1',
      detail: 'column verdict',
    });
    expect(found?.found?.length).toBeLessThan(300);
  });

  it.each([0, SIZE - 1])('is found at the ends too: entry %i', async (index) => {
    const altered = await verifyTampered((tables) => edit(tables, index, { type: 'other.thing' }));
    expect(codes(altered.findings)).toEqual([`hash-mismatch ${index}`]);
    const rehashed = await verifyTampered((tables) => edit(tables, index, { hash: OTHER_HASH }));
    expect(codes(rehashed.findings)).toEqual([`hash-mismatch ${index}`]);
    const unreadable = await verifyTampered((tables) => edit(tables, index, { revision: null }));
    expect(codes(unreadable.findings)).toEqual([`unreadable-value ${index}`]);
  });

  it('does not hide another one right after it', async () => {
    const report = await verifyTampered((tables) => {
      edit(tables, 7, { type: 'other.thing' });
      edit(tables, 8, { data: Buffer.from('{}') });
      edit(tables, 9, { verdict: 'rejected' });
    });
    expect(codes(report.findings)).toEqual(['hash-mismatch 7', 'content-mismatch 8', 'hash-mismatch 9']);
  });

  it('is found with its own hash recomputed, through the entries that name it and the tree', async () => {
    const report = await verifyTampered((tables) => {
      const entry = at(ledgerOfSize(SIZE).entries, 7);
      tables.rows[7] = rowOf(forge(entry, { type: 'other.thing' }));
    });
    expect(codes(report.findings)).toEqual([
      'broken-chain 8',
      'broken-source-chain 10',
      'tile-mismatch 7',
      'head-mismatch -',
    ]);
  });

  it("is found with everything but the tree's root in the head recomputed", async () => {
    const forged = tablesOf(
      ledgerOf(Array.from({ length: SIZE }, (_, i) => (i === 7 ? { type: 'other.thing' } : {}))),
    );
    const report = await verifyTampered((tables) => {
      Object.assign(tables, { ...forged, root: tables.root });
    });
    expect(codes(report.findings)).toEqual(['head-mismatch -']);
  });

  it('is found with everything after it recomputed, through head, sources and tiles', async () => {
    const forged = ledgerOf(Array.from({ length: SIZE }, (_, i) => (i === 7 ? { type: 'other.thing' } : {})));
    const report = await verifyTampered((tables) => {
      tables.rows = forged.entries.map(rowOf);
    });
    expect(has(report, 'head-mismatch', SIZE - 1)).toBe(true);
    expect(has(report, 'tile-mismatch', 7)).toBe(true);
    expect(report.findings.filter(({ detail }) => detail?.startsWith('lastHash'))).toHaveLength(3);
  });

  it.each<[keyof Header, string | null]>([
    ['recordedAt', '2026-11-20T10:00:00.000Z'],
    ['occurredAt', null],
    ['recordedBy', 'bob'],
    ['actor', 'bob'],
  ])('is found with its own hash recomputed by what its metadata says: %s', async (member, value) => {
    const report = await verifyTampered((tables) => {
      const entry = at(ledgerOfSize(SIZE).entries, 7);
      tables.rows[7] = rowOf(forge(entry, { [member]: value }));
    });
    expect(report.findings[0]).toMatchObject({
      code: 'metadata-mismatch',
      index: 7,
      expected: at(ledgerOfSize(SIZE).entries, 7).header[member],
      found: value,
      detail: member,
    });
  });

  it('is found when the first of all follows another', async () => {
    const forged = forge(at(ledgerOfSize(1).entries, 0), { previous: OTHER_HASH });
    const tables = tablesOf({ ...ledgerOfSize(1), entries: [forged] });
    const report = await verify(tables);
    expect(report.findings[0]).toMatchObject({
      code: 'broken-chain',
      index: 0,
      expected: NO_HASH,
      found: OTHER_HASH,
    });
  });

  it('of a foreign event may claim nothing', async () => {
    const ledger = ledgerOf([{}, { metadata: Buffer.from('{}') }]);
    const claims = { actor: 'bob', recordedBy: 'admin', occurredAt: '2026-11-20T10:00:00.000Z' as Instant };
    for (const [member, found] of Object.entries(claims)) {
      const tables = tablesOf(ledger);
      tables.rows[1] = rowOf(forge(at(ledger.entries, 1), { [member]: found }));
      const report = await verify(tables);
      expect(report.findings[0]).toMatchObject({
        code: 'metadata-mismatch',
        index: 1,
        expected: null,
        found,
      });
    }
  });
});

describe('entries that are missing, moved or too many', () => {
  it.each([0, 1, 7, SIZE - 1])('a deleted entry is named, and nothing else: %i', async (index) => {
    const report = await verifyTampered((tables) => tables.rows.splice(index, 1));
    expect(codes(report.findings)).toEqual([`missing-entry ${index}`]);
    expect(report.checked).toBe(SIZE - 1);
  });

  it('every one of several deleted entries is named', async () => {
    const report = await verifyTampered((tables) => tables.rows.splice(5, 10));
    expect(codes(report.findings)).toEqual(Array.from({ length: 10 }, (_, i) => `missing-entry ${i + 5}`));
  });

  it('a ledger without rows misses all of them', async () => {
    const report = await verifyTampered((tables) => (tables.rows = []));
    expect(report).toMatchObject({ intact: false, checked: 0, findingsTotal: SIZE });
  });

  it('a head moved far ahead is counted out at once, not entry by entry and tile by tile', async () => {
    const tables = tablesOf(ledgerOfSize(SIZE));
    tables.head = { ...tables.head, size: Number.MAX_SAFE_INTEGER };
    const view = viewOf(tables);
    const asked: number[] = [];
    const { report } = await run({
      ...view,
      tiles(level, from, to) {
        asked.push(to - from);
        return view.tiles(level, from, to);
      },
    });
    expect(report.findings).toHaveLength(1000);
    expect(report.findingsTotal).toBe(Number.MAX_SAFE_INTEGER - SIZE);
    expect(has(report, 'missing-entry', SIZE)).toBe(true);
    expect(Math.max(...asked)).toBeLessThan(10_000);
  });

  it('two swapped entries are both named, and only they', async () => {
    const report = await verifyTampered((tables) => {
      const [a, b] = [tables.rows[5], tables.rows[12]] as [EntryRow, EntryRow];
      tables.rows[5] = { ...b, index: '5' };
      tables.rows[12] = { ...a, index: '12' };
    });
    expect(has(report, 'hash-mismatch', 5)).toBe(true);
    expect(has(report, 'hash-mismatch', 12)).toBe(true);
    expect(new Set(report.findings.map(({ index }) => index))).toEqual(new Set([5, 12]));
  });

  it('an entry moved to another source is named, and nothing of the two sources else', async () => {
    const report = await verifyTampered((tables) => edit(tables, 7, { source: 'source-0' }));
    expect(codes(report.findings)).toEqual(['hash-mismatch 7', 'broken-source-chain 7']);
  });

  it('an entry added at the end without moving the head is named', async () => {
    const tables = tablesOf(ledgerOfSize(SIZE));
    const longer = ledgerOfSize(SIZE + 1);
    tables.rows.push(rowOf(at(longer.entries, SIZE)));
    expect(codes((await verify(tables)).findings)).toEqual([`unexpected-entry ${SIZE}`]);
  });

  it('entries beyond every place are named', async () => {
    const report = await verifyTampered((tables) => {
      const row = at(tables.rows, 3);
      tables.rows.push({ ...row, index: '-1' }, { ...row, index: '99999' }, { ...row, index: null });
    });
    expect(codes(report.findings).toSorted()).toEqual([
      'unexpected-entry -',
      'unexpected-entry -1',
      'unexpected-entry 99999',
    ]);
  });

  it('a second row at an index is named', async () => {
    const report = await verifyTampered((tables) => tables.rows.push(at(tables.rows, 7)));
    expect(codes(report.findings)).toEqual(['unexpected-entry 7']);
  });

  it('rows that come out of order are named, whatever order the store gives them', async () => {
    const tables = tablesOf(ledgerOfSize(SIZE));
    const view = viewOf(tables);
    const shuffled = [0, 1, 3, 2, 4].map((i) => at(tables.rows, i));
    const report = await run({
      ...view,
      async *rows() {
        yield await Promise.resolve([...shuffled, ...tables.rows.slice(5)]);
      },
    });
    expect(codes(report.report.findings)).toEqual(['missing-entry 2', 'unexpected-entry 2']);
  });

  it('skipped revisions are gaps, not lost entries', async () => {
    const gaps = ledgerOf([
      { source: 'a', revision: 0 },
      { source: 'b', revision: 5 },
      { source: 'a', revision: 3 },
    ]);
    const report = await verify(tablesOf(gaps));
    expect(report.findings).toMatchObject([
      { code: 'revision-gap', index: 1, source: 'b', expected: '0', found: '5' },
      { code: 'revision-gap', index: 2, source: 'a', expected: '1', found: '3' },
    ]);
  });

  it('revisions that do not rise are no chain', async () => {
    const tables = tablesOf(ledgerOf([{ source: 'a' }, { source: 'b' }]));
    const [first, second] = ledgerOf([{ source: 'a' }, { source: 'b' }]).entries as [Entry, Entry];
    const forged = forge(second, { source: 'a', previousInSource: first.hash, revision: 0 as Revision });
    tables.rows[1] = rowOf(forged);
    expect(has(await verify(tables), 'broken-source-chain', 1)).toBe(true);
  });
});

describe('the head and the sources', () => {
  it('an empty ledger has a head of zeros', async () => {
    const tables = tablesOf(ledgerOfSize(0));
    const report = await verify({ ...tables, head: { size: 0, hash: OTHER_HASH } });
    expect(codes(report.findings)).toEqual(['head-mismatch -']);
  });

  it('are held to the entries', async () => {
    const found = async (head: Partial<Head>) =>
      codes((await verifyTampered((tables) => (tables.head = { ...tables.head, ...head }))).findings);
    expect(await found({ hash: OTHER_HASH })).toEqual([`head-mismatch ${SIZE - 1}`]);
    expect(await found({ hash: 'x' as Hash })).toEqual(['unreadable-value -']);
    expect(await found({ size: SIZE + 1 })).toEqual([`missing-entry ${SIZE}`]);
    expect(await found({ size: NaN })).toContain('unreadable-value -');
    expect(await found({ size: SIZE - 1 })).toEqual(
      expect.arrayContaining([`unexpected-entry ${SIZE - 1}`, `head-mismatch ${SIZE - 2}`]),
    );
    expect(await found({ size: 0 })).toContain('head-mismatch -');
  });

  it.each([
    ['count', '6'],
    ['lastRevision', '0'],
    ['lastHash', OTHER_HASH],
    ['lastIndex', '3'],
    ['firstRecordedAt', '0'],
    ['lastRecordedAt', '0'],
  ])('an edited %s of a source is named', async (column, value) => {
    const changed = await verifyTampered((tables) => {
      tables.sources = tables.sources.map((row, i) => (i === 1 ? { ...row, [column]: value } : row));
    });
    expect(changed.findings).toMatchObject([
      { code: 'head-mismatch', source: 'source-1', found: expect.anything() as unknown },
    ]);
    const emptied = await verifyTampered((tables) => {
      tables.sources = tables.sources.map((row, i) => (i === 1 ? { ...row, [column]: null } : row));
    });
    expect(emptied.findings).toMatchObject([{ code: 'unreadable-value', source: 'source-1' }]);
  });

  it('a source without a head, a head without a source and a second head are named', async () => {
    const lost = await verifyTampered((tables) => tables.sources.splice(1, 1));
    expect(lost.findings).toMatchObject([{ code: 'head-mismatch', source: 'source-1', index: 19 }]);
    const renamed = await verifyTampered((tables) => {
      tables.sources = tables.sources.map((row, i) => (i === 1 ? { ...row, source: 'source-9' } : row));
    });
    expect(renamed.findings.map(({ source }) => source).toSorted()).toEqual(['source-1', 'source-9']);
    const doubled = await verifyTampered((tables) => tables.sources.push(...tables.sources.slice(1, 2)));
    expect(doubled.findings).toMatchObject([{ code: 'head-mismatch', source: 'source-1' }]);
  });
});

describe('the tiles', () => {
  const LARGE = ledgerOfSize(700);

  async function withTiles(change: (tables: Tables) => void, options?: VerificationOptions) {
    const tables = tablesOf(LARGE);
    change(tables);
    return (await run(viewOf(tables, 100), options)).report;
  }

  const flip = (hashes: Buffer, at: number) => {
    const flipped = Buffer.from(hashes);
    flipped.writeUInt8(flipped.readUInt8(at) ^ 1, at);
    return flipped;
  };

  it('are compared at every level, and the altered hash is named', async () => {
    for (const [i, tile] of LARGE.tiles.entries()) {
      const last = tile.hashes.length - 1;
      const report = await withTiles(
        (tables) => (tables.tiles[i] = { ...tile, hashes: flip(tile.hashes, last) }),
      );
      const index = tile.level === 0 ? tile.index * 256 + Math.floor(last / 32) : null;
      expect(report.findings).toMatchObject([{ code: 'tile-mismatch', index }]);
      expect(report.findings[0]?.detail).toContain(`tile ${tile.index} of level ${tile.level}`);
    }
  });

  it('that are missing, too short, too long or ragged are named', async () => {
    for (const [i, tile] of LARGE.tiles.entries()) {
      const missing = await withTiles((tables) => tables.tiles.splice(i, 1));
      expect(codes(missing.findings)).toEqual(['tile-mismatch -']);
      const hashes = tile.hashes.subarray(0, -32);
      const short = await withTiles((tables) => (tables.tiles[i] = { ...tile, hashes }));
      expect(codes(short.findings)).toEqual(['tile-mismatch -']);
      const ragged = Buffer.concat([tile.hashes, Buffer.of(1)]);
      const long = await withTiles((tables) => (tables.tiles[i] = { ...tile, hashes: ragged }));
      expect(codes(long.findings)).toEqual(['tile-mismatch -']);
    }
  });

  it('may have grown since the head was read', async () => {
    const tables = tablesOf(ledgerOfSize(300));
    const surplusTiles = viewOf(tables).surplusTiles;
    tables.tiles = [...LARGE.tiles];
    const { report } = await run({ ...viewOf(tables), surplusTiles });
    expect(report).toMatchObject({ intact: true });
  });

  it('add nothing to what a deleted or edited entry says already', async () => {
    const deleted = await withTiles((tables) => tables.rows.splice(300, 300));
    expect(deleted.findingsTotal).toBe(300);
    const edited = await withTiles((tables) => edit(tables, 300, { type: 'other.thing' }));
    expect(codes(edited.findings)).toEqual(['hash-mismatch 300']);
    const rehashed = await withTiles((tables) => edit(tables, 300, { hash: OTHER_HASH }));
    expect(codes(rehashed.findings)).toEqual(['hash-mismatch 300']);
  });

  it('are compared within a range as far as it goes', async () => {
    const [first, second] = [at(LARGE.tiles, 0), at(LARGE.tiles, 1)];
    const tampered = (tables: Tables) => {
      tables.tiles[0] = { ...first, hashes: flip(first.hashes, 32 * 100) };
      tables.tiles[1] = { ...second, hashes: flip(second.hashes, 32 * 100) };
    };
    const inside = await withTiles(tampered, { fromIndex: 50, toIndex: 150 });
    expect(codes(inside.findings)).toEqual(['tile-mismatch 100']);
    const outside = await withTiles(tampered, { fromIndex: 120, toIndex: 350 });
    expect(outside).toMatchObject({ intact: true, checked: 230 });
  });
});

describe('verification of a range', () => {
  it.each([
    [0, 5],
    [5, 12],
    [12, SIZE],
    [SIZE, SIZE],
    [0, 0],
  ])('finds nothing wrong with an honest one: %i to %i', async (fromIndex, toIndex) => {
    const report = await verify(tablesOf(ledgerOfSize(SIZE)), { fromIndex, toIndex });
    expect(report).toMatchObject({
      intact: true,
      checked: toIndex - fromIndex,
      range: { fromIndex, toIndex },
    });
  });

  it('says nothing of what lies outside, and finds what lies inside', async () => {
    const tamper = (tables: Tables) => edit(tables, 7, { type: 'other.thing' });
    expect(await verifyTampered(tamper, { toIndex: 7 })).toMatchObject({ intact: true });
    expect(await verifyTampered(tamper, { fromIndex: 9 })).toMatchObject({ intact: true });
    expect(await verifyTampered(tamper, { fromIndex: 5, toIndex: 10 })).toMatchObject({ findingsTotal: 1 });
  });

  it('holds its first entry to the one before', async () => {
    const report = await verifyTampered(
      (tables) => {
        const entry = at(ledgerOfSize(SIZE).entries, 7);
        tables.rows[7] = rowOf(forge(entry, { previous: OTHER_HASH }));
      },
      { fromIndex: 7, toIndex: 8 },
    );
    expect(codes(report.findings)).toEqual(['broken-chain 7', 'tile-mismatch 7']);
    const lost = await verifyTampered((tables) => tables.rows.splice(6, 1), { fromIndex: 7 });
    expect(codes(lost.findings)).toEqual(['broken-chain 7']);
  });

  it('compares head and sources when it reaches the end', async () => {
    const report = await verifyTampered(
      (tables) => {
        tables.head = { ...tables.head, hash: OTHER_HASH };
        tables.sources = tables.sources.map((row) => ({ ...row, lastHash: OTHER_HASH }));
      },
      { fromIndex: 15 },
    );
    expect(report.findingsTotal).toBe(4);
    const empty = await verifyTampered((tables) => (tables.head = { ...tables.head, hash: OTHER_HASH }), {
      fromIndex: SIZE,
    });
    expect(codes(empty.findings)).toEqual([`head-mismatch ${SIZE - 1}`]);
  });

  it('is not intact about entries that the ledger does not have', async () => {
    const report = await verify(tablesOf(ledgerOfSize(SIZE)), { toIndex: SIZE + 1 });
    expect(report).toMatchObject({ intact: false, findings: [], range: { fromIndex: 0, toIndex: SIZE } });
    expect(report.notChecked).toHaveLength(1);
  });
});

describe('verification of a source', () => {
  it('is not intact about a source that the ledger does not know', async () => {
    const unknown = await verify(tablesOf(ledgerOfSize(SIZE)), { source: 'nosuch' });
    expect(unknown).toMatchObject({ intact: false, checked: 0, findings: [] });
    expect(unknown.notChecked).toEqual(['the source: the ledger has neither an entry nor a head of it']);
    const erased = await verifyTampered(
      (tables) => {
        tables.rows = tables.rows.filter(({ source }) => source !== 'source-1');
        tables.sources = tables.sources.filter(({ source }) => source !== 'source-1');
      },
      { source: 'source-1' },
    );
    expect(erased.intact).toBe(false);
    const elsewhere = { source: 'source-1', toIndex: 1 };
    expect(await verify(tablesOf(ledgerOfSize(SIZE)), elsewhere)).toMatchObject({ intact: true, checked: 0 });
  });

  const source = 'source-1';

  it('reads its entries alone', async () => {
    const { report, progress } = await run(viewOf(tablesOf(ledgerOfSize(SIZE))), { source });
    expect(report).toMatchObject({ intact: true, source, checked: 7 });
    expect(progress.at(-1)).toEqual({ checked: 7, total: 7 });
    const elsewhere = await verifyTampered((tables) => edit(tables, 6, { type: 'other.thing' }), { source });
    expect(elsewhere.intact).toBe(true);
  });

  it('finds an edited, a deleted, a moved and an added entry', async () => {
    const edited = await verifyTampered((tables) => edit(tables, 7, { type: 'other.thing' }), { source });
    expect(codes(edited.findings)).toEqual(['hash-mismatch 7']);
    const deleted = await verifyTampered((tables) => tables.rows.splice(7, 1), { source });
    expect(codes(deleted.findings)).toContain('broken-source-chain 10');
    const last = await verifyTampered((tables) => tables.rows.splice(19, 1), { source });
    expect(last.findings[0]).toMatchObject({ code: 'head-mismatch', source });
    const first = await verifyTampered((tables) => tables.rows.splice(1, 1), { source });
    expect(codes(first.findings)).toContain('broken-source-chain 4');
    const moved = await verifyTampered((tables) => edit(tables, 7, { source: 'source-0' }), { source });
    expect(codes(moved.findings)).toContain('broken-source-chain 10');
    const received = await verifyTampered((tables) => edit(tables, 6, { source }), { source });
    expect(has(received, 'hash-mismatch', 6)).toBe(true);
    const beyond = await verifyTampered(
      (tables) => {
        tables.rows.push({ ...at(tables.rows, 19), index: '25' });
      },
      { source },
    );
    expect(codes(beyond.findings)).toEqual(['unexpected-entry 25']);
  });

  it('finds its rows gone', async () => {
    const report = await verifyTampered(
      (tables) => {
        tables.rows = tables.rows.filter((row) => row.source !== source);
      },
      { source },
    );
    expect(report).toMatchObject({ intact: false, findings: [{ code: 'head-mismatch', source }] });
  });

  it('refuses rows of another source', async () => {
    const view = viewOf(tablesOf(ledgerOfSize(SIZE)));
    const { report } = await run({ ...view, rows: (from, to) => view.rows(from, to) }, { source });
    expect(has(report, 'unexpected-entry', 0)).toBe(true);
  });
});
