import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { contentHash } from '../../src/ledger/entry.js';
import { withheldLine } from '../../src/ledger/line.js';
import { LineContents } from '../../src/ledger/line-contents.js';
import { ExportWriter } from '../../src/ledger/manifest.js';
import { at, ledgerOfSize } from './builders.js';

const { entries, head } = ledgerOfSize(6);
const writer = new ExportWriter({ ledger: 'test', filters: {}, fromIndex: 0, toIndex: 6, head });
const LINES = writer.lines(entries);
const FILE = Buffer.concat([LINES, writer.end()]);
const HASHES = entries.map(({ data, metadata }) => contentHash(data, metadata));

describe('the contents of lines', () => {
  it('are hashed line by line, and all bytes before the manifest together', () => {
    const contents = new LineContents();
    expect(contents.take(FILE)).toEqual([...HASHES, null]);
    expect(contents.digest()).toBe(createHash('sha256').update(LINES).digest('hex'));
  });

  it('are the same for any pieces of the file, or not known where a line is in two', () => {
    const cuts = fc.uniqueArray(fc.nat(FILE.length), { maxLength: 40 });
    fc.assert(
      fc.property(cuts, (unsorted) => {
        const ends = [...unsorted.toSorted((a, b) => a - b), FILE.length];
        const contents = new LineContents();
        const hashes = ends.flatMap((end, i) => contents.take(FILE.subarray(ends[i - 1] ?? 0, end)));
        expect(hashes).toHaveLength(7);
        hashes.forEach((hash, i) => expect([null, HASHES[i] ?? null]).toContain(hash));
        expect(contents.digest()).toBe(digestOf(FILE));
      }),
    );
  });

  it('are not known of what is no line, or has none', () => {
    const withheld = withheldLine(at(entries, 0)).toString();
    const line = LINES.toString().split('\n')[0] ?? '';
    for (const other of ['', '{}', withheld, `${line} `, line.replace('"payload":{', '"payload":{ ')]) {
      expect(new LineContents().take(Buffer.from(`${other}\n`))).toEqual([null]);
    }
  });
});

function digestOf(file: Buffer): string {
  const contents = new LineContents();
  contents.take(file);
  return contents.digest();
}
