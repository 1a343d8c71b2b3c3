import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { entryHash, headerBytes } from '../../src/ledger/entry.js';
import { ExportChecker, type ExportCheckOptions, type ExportReport } from '../../src/ledger/export-check.js';
import { withheldLine } from '../../src/ledger/line.js';
import {
  ExportWriter,
  manifestLine,
  type ExportDescription,
  type Manifest,
} from '../../src/ledger/manifest.js';
import {
  NO_HASH,
  type Entry,
  type Hash,
  type Header,
  type Instant,
  type Revision,
} from '../../src/ledger/types.js';
import { at, ledgerOf, ledgerOfSize, type Ledger } from './builders.js';

const SIZE = 20;
const LEDGER = ledgerOfSize(SIZE);
const OTHER_HASH = 'ab'.repeat(32) as Hash;

/** An honest export: the lines of those entries that are asked for, and the manifest. */
function exported(
  ledger: Ledger,
  description: Partial<ExportDescription> = {},
  choose: (entry: Entry) => boolean = () => true,
): Buffer {
  const { fromIndex = 0, toIndex = ledger.head.size, head = ledger.head } = description;
  const filters = {
    ...description.filters,
    ...(description.fromIndex === undefined ? {} : { fromIndex: [String(fromIndex)] }),
    ...(description.toIndex === undefined ? {} : { toIndex: [String(toIndex)] }),
  };
  const writer = new ExportWriter({ ledger: 'test', filters, fromIndex, toIndex, head });
  const lines = ledger.entries
    .slice(fromIndex, toIndex)
    .filter(choose)
    .map((entry) => writer.lines([entry]));
  return Buffer.concat([...lines, writer.end()]);
}

const FILE = exported(LEDGER);

function check(file: Buffer | string, options?: ExportCheckOptions): ExportReport {
  const checker = new ExportChecker(options);
  checker.write(Buffer.from(file));
  return checker.end();
}

const linesOf = (file: Buffer) => file.toString('latin1').split('\n').slice(0, -1);
const fileOf = (lines: readonly string[]) => Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1');

/** The manifest rewritten to what the lines are: what a forger does who has no key to sign with. */
function withNewManifest(lines: readonly string[], change: Partial<Manifest> = {}): Buffer {
  const body = fileOf(lines.slice(0, -1));
  const { manifest } = JSON.parse(Buffer.from(at(lines, lines.length - 1), 'latin1').toString()) as {
    manifest: Manifest;
  };
  const sha256 = createHash('sha256').update(body).digest('hex') as Hash;
  const rewritten = manifestLine({ ...manifest, count: lines.length - 1, sha256, ...change });
  return Buffer.concat([body, rewritten, Buffer.from('\n')]);
}

const forge = (entry: Entry, change: Partial<Header>): Entry => {
  const header = { ...entry.header, ...change };
  return { ...entry, header, hash: entryHash(headerBytes(header)) };
};

const codes = ({ findings }: ExportReport) => findings.map(({ code, index }) => `${code} ${index ?? '-'}`);
const details = ({ findings }: ExportReport) => findings.map(({ detail }) => detail).join('\n');

describe('an honest export', () => {
  it('of everything is intact, and says what it is', () => {
    const report = check(FILE);
    expect(report).toMatchObject({ intact: true, count: SIZE, unread: 0, findings: [], findingsTotal: 0 });
    expect(report).toMatchObject({
      coverage: 'all',
      head: null,
      manifest: { count: SIZE, head: LEDGER.head },
    });
  });

  it('is intact in chunks of any size', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1 }), (sizes) => {
        const checker = new ExportChecker();
        const chunk = Buffer.alloc(900);
        for (let from = 0, i = 0; from < FILE.length; i++) {
          const size = at(sizes, i % sizes.length);
          // the same memory again and again, as a reader of files does
          const copied = FILE.copy(chunk, 0, from, from + size);
          checker.write(chunk.subarray(0, copied));
          from += size;
        }
        expect(checker.end()).toMatchObject({ intact: true, count: SIZE });
      }),
      { numRuns: 30 },
    );
  });

  it('of nothing is intact', () => {
    expect(check(exported(ledgerOfSize(0)))).toMatchObject({ intact: true, count: 0 });
    expect(check(exported(LEDGER, { fromIndex: 7, toIndex: 7 }))).toMatchObject({ intact: true, count: 0 });
  });

  it('of whatever a log can hold is intact', () => {
    const ledger = ledgerOf([
      { data: Buffer.alloc(0), metadata: Buffer.alloc(0), verdict: 'rejected', schema: null },
      { data: Buffer.from('['.repeat(100_000)), metadata: Buffer.from('\xff\n\r', 'latin1') },
      { data: Buffer.from('{"a":1}'), metadata: Buffer.from('{"recordedBy":"me"}') },
      { source: '', type: 'x\u0000y', revision: 5 },
      { data: Buffer.from('"\u2028 \u2029"'), source: 'line\u2028separator' },
      { data: Buffer.from(`"${'x'.repeat(3_000_000)}"`) },
    ]);
    expect(check(exported(ledger))).toMatchObject({ intact: true, count: 6 });
  });

  it('of a range is intact', () => {
    const range = { fromIndex: 5, toIndex: 12 };
    expect(check(exported(LEDGER, range))).toMatchObject({ intact: true, count: 7, coverage: 'all' });
    const clipped = { filters: { toIndex: ['500'] } };
    expect(check(exported(LEDGER, clipped))).toMatchObject({ intact: true, count: SIZE });
  });

  it('of a source, a type, a time or an actor is intact', () => {
    const ledger = ledgerOf(
      Array.from({ length: 30 }, (_, i) => ({
        ...(i % 5 === 0 ? { actor: null, occurredAt: null } : { actor: `user-${i % 2}` }),
        ...(i % 3 === 0 ? { subject: 'x', type: 'x.done' } : {}),
      })),
    );
    const since = at(ledger.entries, 10).header.recordedAt;
    const until = at(ledger.entries, 20).header.recordedAt;
    const choices: readonly [Manifest['filters'], (entry: Entry) => boolean][] = [
      [{ source: ['source-1'] }, ({ header }) => header.source === 'source-1'],
      [{ source: ['source-1', 'source-2'] }, ({ header }) => header.source !== 'source-0'],
      [{ type: ['x.done'] }, ({ header }) => header.type === 'x.done'],
      [{ subject: ['x'] }, ({ header }) => header.type === 'x.done'],
      [{ actor: ['user-0'], verdict: ['accepted'] }, ({ header }) => header.actor === 'user-0'],
      [{ recordedBy: ['nobody'] }, () => false],
      [{ since: [since], until: [until] }, ({ header }) => header.index >= 10 && header.index < 20],
      [{ occurredSince: [since] }, ({ header }) => header.occurredAt !== null && header.index >= 10],
      [{ 'payload.n': ['3'] }, ({ header }) => header.index === 3],
    ];
    for (const [filters, choose] of choices) {
      expect(check(exported(ledger, { filters }, choose))).toMatchObject({ intact: true, findings: [] });
    }
  });
});

describe('a changed export', () => {
  it("shows every altered byte but those of the ledger's name, which only a signature can cover", () => {
    const file = exported(ledgerOfSize(2));
    const name = file.indexOf('"test"') + 1;
    for (let place = 0; place < file.length; place += 3) {
      if (place >= name && place < name + 'test'.length) continue;
      const altered = Buffer.from(file);
      altered.writeUInt8(altered.readUInt8(place) ^ (1 << (place % 8)), place);
      expect(check(altered).intact).toBe(false);
    }
  });

  it('shows an altered line, also with the manifest rewritten', () => {
    const lines = linesOf(FILE);
    const report = check(withNewManifest(lines.with(7, at(lines, 7).replace('{"n":7}', '{"n":8}'))));
    expect(report.findings).toMatchObject([
      { code: 'content-mismatch', index: 7, line: 8, source: 'source-1' },
    ]);
    const retyped = check(
      withNewManifest(lines.with(7, at(lines, 7).replace('thing.happened', 'nothing.happened'))),
    );
    expect(codes(retyped)).toEqual(['hash-mismatch 7']);
    const claimed = check(
      withNewManifest(lines.with(7, at(lines, 7).replace('"actor":"alice"', '"actor":"bob"'))),
    );
    expect(codes(claimed)).toEqual(['metadata-mismatch 7', 'hash-mismatch 7']);
  });

  it('shows a line that was forged with its own hash recomputed', () => {
    const forged = forge(at(LEDGER.entries, 7), { type: 'nothing.happened' });
    const entries = LEDGER.entries.with(7, forged);
    const report = check(exported({ ...LEDGER, entries }));
    expect(codes(report)).toEqual(['broken-chain 8', 'broken-source-chain 10']);
    const skipping = forge(at(LEDGER.entries, 7), { previousInSource: OTHER_HASH, revision: 5 as Revision });
    const skipped = check(exported({ ...LEDGER, entries: LEDGER.entries.slice(0, 7).concat(skipping) }));
    expect(codes(skipped)).toContain('broken-source-chain 7');
    const last = LEDGER.entries.with(SIZE - 1, forge(at(LEDGER.entries, SIZE - 1), { type: 'nothing' }));
    expect(codes(check(exported({ ...LEDGER, entries: last })))).toEqual([`head-mismatch ${SIZE - 1}`]);
  });

  it.each([0, 1, 7, SIZE - 1])('shows a dropped line: %i', (index) => {
    const lines = linesOf(FILE).toSpliced(index, 1);
    expect(codes(check(fileOf(lines)))).toEqual(
      expect.arrayContaining([`missing-entry ${index}`, 'manifest-mismatch -']),
    );
    expect(codes(check(withNewManifest(lines)))).toEqual([`missing-entry ${index}`]);
  });

  it.each([0, 7, SIZE - 1])('shows a doubled line: %i', (index) => {
    const lines = linesOf(FILE);
    const report = check(withNewManifest(lines.toSpliced(index, 0, at(lines, index))));
    expect(report.findings).toMatchObject([{ code: 'unexpected-entry', index, line: index + 2 }]);
  });

  it('shows reordered lines', () => {
    const lines = linesOf(FILE);
    const report = check(withNewManifest(lines.with(7, at(lines, 8)).with(8, at(lines, 7))));
    expect(codes(report)).toEqual(['missing-entry 7', 'unexpected-entry 7']);
  });

  it('shows a cut end, wherever it was cut', () => {
    const ends = linesOf(FILE).reduce<number[]>(
      (all, line) => [...all, (all.at(-1) ?? 0) + line.length + 1],
      [],
    );
    for (const length of [0, 1, 100, ...ends.slice(0, -1), ...ends.map((end) => end - 1), FILE.length - 30]) {
      const report = check(FILE.subarray(0, length));
      expect(report.intact).toBe(false);
      if (length < FILE.length - 1) expect(details(report)).toMatch(/manifest/);
    }
    expect(details(check(FILE.subarray(0, -1)))).toBe('does not end in a line feed');
  });

  it('shows blank lines, carriage returns and lines after the manifest', () => {
    const lines = linesOf(FILE);
    expect(details(check(withNewManifest(lines.toSpliced(3, 0, ''))))).toBe('a blank line');
    const returned = lines.map((line) => `${line}\r`);
    const report = check(fileOf(returned));
    expect(report.findings[0]).toMatchObject({
      code: 'malformed-line',
      line: 1,
      detail: 'ends in a carriage return',
    });
    expect(details(check(Buffer.concat([FILE, Buffer.from('\n')])))).toBe('a line after the manifest');
    expect(check(Buffer.concat([FILE, FILE])).findingsTotal).toBe(SIZE + 1);
  });

  it('names a malformed line once, and not what it may have held', () => {
    const lines = linesOf(FILE);
    const report = check(withNewManifest(lines.with(7, at(lines, 7).replace('{"n":7}', '{"n":7.0}'))));
    expect(report.findings).toMatchObject([
      { code: 'malformed-line', index: null, line: 8, detail: 'payload: not in canonical form' },
    ]);
    expect(codes(check(withNewManifest(lines.with(0, '{}'))))).toEqual(['malformed-line -']);
    expect(codes(check(withNewManifest(lines.with(SIZE - 1, '{}'))))).toEqual(['malformed-line -']);
  });

  it('shows a manifest that is not of these lines', () => {
    const lines = linesOf(FILE);
    const found = (change: Partial<Manifest>) => check(withNewManifest(lines, change));
    expect(details(found({ count: 19 }))).toBe("the manifest's count");
    expect(details(found({ sha256: OTHER_HASH }))).toBe("the manifest's sha256");
    expect(codes(found({ toIndex: 21 }))).toEqual(['manifest-mismatch -', 'missing-entry 20']);
    expect(details(found({ toIndex: 19 }))).toContain("the manifest's toIndex");
    const from = { fromIndex: 1, filters: { fromIndex: ['1'] } };
    expect(details(found(from))).toBe("outside of the manifest's range, 1 to 20");
    const to = { toIndex: 19, filters: { toIndex: ['19'] } };
    expect(details(found(to))).toBe("outside of the manifest's range, 0 to 19");
    expect(details(found({ fromIndex: 30 }))).toContain("the manifest's fromIndex");
    expect(details(found({ filters: { fromIndex: ['3'] } }))).toBe("the manifest's fromIndex");
    expect(codes(found({ head: { size: SIZE, hash: OTHER_HASH } }))).toEqual(['head-mismatch 19']);
    expect(codes(found({ head: { size: SIZE + 1, hash: OTHER_HASH }, toIndex: SIZE + 1 }))).toEqual([
      'missing-entry 20',
    ]);
    const nothing = exported(ledgerOfSize(0), { head: { size: 0, hash: OTHER_HASH } });
    expect(codes(check(nothing))).toEqual(['head-mismatch -']);
    expect(details(check(fileOf(lines.with(SIZE, '{"manifest":{}}'))))).toBe(
      'manifest: format is not what a manifest can have',
    );
  });

  it('counts findings beyond the first thousand without listing them', () => {
    const far = { size: Number.MAX_SAFE_INTEGER, hash: OTHER_HASH };
    const report = check(withNewManifest(linesOf(FILE), { head: far, toIndex: far.size }));
    expect(report.findings).toHaveLength(1000);
    expect(report.findingsTotal).toBe(far.size - SIZE);
    const garbage = check('x\n'.repeat(5000));
    expect(garbage).toMatchObject({ findingsTotal: 5001, count: 5000 });
    expect(garbage.findings).toHaveLength(1000);
  });
});

describe('a filtered export', () => {
  const OF_SOURCE: Manifest['filters'] = { source: ['source-1'] };
  const ofSource = ({ header }: Entry) => header.source === 'source-1';

  it('may leave out what its filters leave out, and nothing else of a source', () => {
    const lines = linesOf(exported(LEDGER, { filters: OF_SOURCE }, ofSource));
    expect(codes(check(withNewManifest(lines.toSpliced(2, 1))))).toEqual(['broken-source-chain 10']);
    expect(codes(check(withNewManifest(lines.toSpliced(0, 1))))).toEqual(['broken-source-chain 4']);
    const some = withNewManifest(lines.toSpliced(2, 1), {
      filters: { ...OF_SOURCE, type: ['thing.happened'] },
    });
    expect(check(some)).toMatchObject({ intact: true, coverage: 'some' });
    const later = exported(LEDGER, { filters: OF_SOURCE, fromIndex: 3 }, ofSource);
    expect(check(later)).toMatchObject({ intact: true, coverage: 'sources' });
  });

  it('holds neighbours to each other, whatever its filters are', () => {
    const forged = LEDGER.entries.with(7, forge(at(LEDGER.entries, 7), { previousInSource: OTHER_HASH }));
    const file = exported({ ...LEDGER, entries: forged }, { filters: { verdict: ['accepted'] } });
    expect(codes(check(file))).toEqual(['broken-source-chain 7', 'broken-chain 8', 'broken-source-chain 10']);
    const orphan = LEDGER.entries.with(10, forge(at(LEDGER.entries, 10), { previousInSource: null }));
    const sparse = exported({ ...LEDGER, entries: orphan }, { filters: { actor: ['alice'] } }, ({ header }) =>
      [4, 10].includes(header.index),
    );
    expect(codes(check(sparse))).toEqual(['broken-source-chain 10']);
  });

  it('has its indexes and revisions rise', () => {
    const lines = linesOf(exported(LEDGER, { filters: OF_SOURCE }, ofSource));
    const swapped = withNewManifest(lines.with(2, at(lines, 3)).with(3, at(lines, 2)));
    expect(codes(check(swapped))).toContain('unexpected-entry 7');
    const repeated = LEDGER.entries.with(10, forge(at(LEDGER.entries, 10), { revision: 1 as Revision }));
    const file = exported({ ...LEDGER, entries: repeated }, { filters: OF_SOURCE }, ofSource);
    expect(details(check(file))).toContain('revision 1 comes after 2');
  });

  it.each([
    ['source', { source: ['source-2'] }],
    ['type', { type: ['x'] }],
    ['verdict', { verdict: ['rejected', 'duplicate'] }],
    ['actor', { actor: ['bob'] }],
    ['recordedBy', { recordedBy: ['bob'] }],
    ['subject', { subject: ['x'] }],
    ['since', { since: ['2026-12-31T23:59:59Z'] }],
    ['until', { until: ['2020-01-01T01:00:00+01:00'] }],
    ['occurredSince', { occurredSince: ['2026-12-31T23:59:59Z'] }],
    ['occurredUntil', { occurredUntil: ['2020-01-01T01:00:00+01:00'] }],
    ['since', { since: ['yesterday'] }],
  ] as const)('fits its filter %s: %j', (name, filters) => {
    const report = check(exported(LEDGER, { filters }, ofSource));
    expect(codes(report)).toHaveLength(1);
    expect(report.findings[0]).toMatchObject({
      code: 'manifest-mismatch',
      detail: `does not fit the manifest's filter ${name}`,
    });
  });

  it('takes times as half-open', () => {
    const filters = { since: ['2026-11-20T10:00:00Z'], until: ['2026-11-20T10:00:01Z'] };
    const inside = ledgerOf([{ recordedAt: '2026-11-20T10:00:00.000Z' as Instant }]);
    expect(check(exported(inside, { filters }))).toMatchObject({ intact: true });
    const outside = ledgerOf([{ recordedAt: '2026-11-20T10:00:01.000Z' as Instant }]);
    expect(codes(check(exported(outside, { filters })))).toEqual(['manifest-mismatch 0']);
  });

  it('does not take an entry without a time or an actor for one that fits', () => {
    const ledger = ledgerOf([{ occurredAt: null, actor: null }]);
    const filters = { occurredSince: ['2020-01-01T00:00:00Z'], actor: ['alice'] };
    expect(codes(check(exported(ledger, { filters })))).toEqual([
      'manifest-mismatch 0',
      'manifest-mismatch 0',
    ]);
  });
});

describe('an export held to a head that was noted elsewhere', () => {
  const rebuilt = ledgerOf(Array.from({ length: SIZE }, (_, i) => (i === 3 ? { type: 'nothing' } : {})));
  const hashAt = (index: number) => at(LEDGER.entries, index).hash;

  it('says whether it found it in a line or in the manifest', () => {
    expect(check(FILE, { head: LEDGER.head })).toMatchObject({
      intact: true,
      head: { comparedWith: 'line' },
    });
    const earlier = { size: 8, hash: hashAt(7) };
    expect(check(FILE, { head: earlier })).toMatchObject({
      intact: true,
      head: { ...earlier, comparedWith: 'line' },
    });
    const ofSource = exported(
      LEDGER,
      { filters: { source: ['source-0'] } },
      ({ header }) => header.source === 'source-0',
    );
    expect(check(ofSource, { head: LEDGER.head })).toMatchObject({
      intact: true,
      head: { comparedWith: 'manifest' },
    });
    const empty = exported(ledgerOfSize(0));
    expect(check(empty, { head: { size: 0, hash: NO_HASH } })).toMatchObject({
      intact: true,
      head: { comparedWith: 'manifest' },
    });
  });

  it('shows a history that was written anew', () => {
    const report = check(exported(rebuilt), { head: LEDGER.head });
    expect(report).toMatchObject({
      intact: false,
      findings: [{ code: 'head-mismatch' }, { code: 'head-mismatch' }],
    });
    expect(report.findings[0]).toMatchObject({ expected: LEDGER.head.hash, index: SIZE - 1, line: SIZE });
    const source = exported(rebuilt, { filters: { source: ['none'] } }, () => false);
    expect(codes(check(source, { head: LEDGER.head }))).toEqual([`head-mismatch ${SIZE - 1}`]);
  });

  it('says when the file has nothing to compare it with', () => {
    const report = check(FILE, { head: { size: SIZE + 5, hash: OTHER_HASH } });
    expect(report).toMatchObject({
      intact: false,
      findings: [{ code: 'head-not-covered', index: SIZE + 4 }],
    });
    expect(report.head).toMatchObject({ comparedWith: null });
    expect(codes(check(FILE, { head: { size: 0, hash: NO_HASH } }))).toEqual(['head-not-covered -']);
  });
});

describe('withheld content', () => {
  it('counts as unread: the headers verify, and the export is not called intact', () => {
    const lines = linesOf(FILE);
    const file = withNewManifest(lines.with(7, withheldLine(at(LEDGER.entries, 7)).toString()));
    expect(check(file)).toMatchObject({ intact: false, unread: 1, findings: [], count: SIZE });
    const forged = withheldLine(forge(at(LEDGER.entries, 7), { content: OTHER_HASH })).toString();
    expect(codes(check(withNewManifest(lines.with(7, forged))))).toContain('broken-chain 8');
  });
});

describe('any file at all', () => {
  it('gives a report, never an exception', () => {
    const line = at(linesOf(FILE), 0);
    const garbage = [
      ...[
        '',
        '\n',
        '\n\n\n',
        '\0',
        '{',
        'null\n',
        '[]\n',
        '{"manifest":\n',
        '{"manifest":null}\n',
        '\ufeff\n',
      ],
      ...[
        `{"manifest":${'['.repeat(100_000)}\n`,
        `{"entry":${'{"a":'.repeat(100_000)}\n`,
        `${'['.repeat(100_000)}\n`,
      ],
      ...[`${line.replace('{"n":0}', '1e999999999')}\n`, `${line.replace('{"n":0}', '9'.repeat(100_000))}\n`],
      ...[
        `${line.replace('{"n":0}', '['.repeat(100_000))}\n`,
        `${line}\0\n`,
        '\r\n'.repeat(100),
        line.repeat(3),
      ],
    ];
    for (const text of garbage) expect(check(text)).toMatchObject({ intact: false, manifest: null });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(check(Buffer.from(bytes)).intact).toBe(false);
      }),
    );
  });

  it('with a line of any length is read in bounded memory', () => {
    const checker = new ExportChecker({ maxLineBytes: 10_000 });
    for (let i = 0; i < 100; i++) checker.write(Buffer.alloc(1000, 'x'));
    checker.write(Buffer.from('\n'));
    checker.write(FILE);
    const report = checker.end();
    expect(report.findings).toMatchObject([
      { code: 'malformed-line', line: 1, detail: 'longer than 10000 bytes' },
      { code: 'manifest-mismatch', detail: "the manifest's count" },
      { code: 'manifest-mismatch', detail: "the manifest's sha256" },
    ]);
    const endless = new ExportChecker({ maxLineBytes: 10_000 });
    for (let i = 0; i < 100; i++) endless.write(Buffer.alloc(1000, 'x'));
    expect(endless.end()).toMatchObject({ intact: false, count: 1 });
  });

  it('with a time that only another calendar has is no export of ours', () => {
    const header = { ...at(LEDGER.entries, 0).header, occurredAt: '2026-02-30T00:00:00.000Z' as Instant };
    expect(
      check(exported({ ...LEDGER, entries: [forge(at(LEDGER.entries, 0), header)] })).findings[0],
    ).toMatchObject({
      code: 'malformed-line',
      detail: 'entry: occurredAt is not what a header can have',
    });
  });
});
