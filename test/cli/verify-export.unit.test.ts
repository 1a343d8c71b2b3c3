import { describe, expect, it } from 'vitest';
import { describeReport } from '../../src/cli/verify-export.js';
import { ExportChecker } from '../../src/ledger/export-check.js';
import { entryLine } from '../../src/ledger/line.js';
import { ExportWriter } from '../../src/ledger/manifest.js';
import { at, ledgerOfSize } from '../ledger/builders.js';

const NOISE = Buffer.from('# a line\n');

describe('what verify-export tells a person', () => {
  it('holds no character of the file that moves the cursor, ends a line or turns the text around', () => {
    const { head } = ledgerOfSize(1);
    const writer = new ExportWriter({
      ledger: 'ledger\u001b[1A\u001b[2K',
      filters: { actor: ['a\nintact: 1 entry', '\u009b2J\u202e\u2028\u007f'] },
      fromIndex: 0,
      toIndex: 1,
      head,
    });
    const checker = new ExportChecker();
    checker.write(writer.end());
    const text = describeReport(checker.end(), null);
    expect(text.split('\n')[0]).toContain('ledger\\u{1b}[1A\\u{1b}[2K');
    expect(text).toContain('a\\u{a}intact: 1 entry');
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
  });

  it.each([1, 2, 1_500])('of a file of another kind, here of %i lines, is that it is no export', (count) => {
    const checker = new ExportChecker();
    checker.write(Buffer.concat(Array<Buffer>(count).fill(NOISE)));
    expect(describeReport(checker.end(), null)).toMatch(/^NOT INTACT: this does not look like an export.*$/);
  });

  it('of an export in which lines are damaged is each of them', () => {
    const checker = new ExportChecker();
    const entry = entryLine(at(ledgerOfSize(1).entries, 0));
    checker.write(Buffer.concat([NOISE, entry, Buffer.from('\n'), NOISE]));
    expect(describeReport(checker.end(), null)).toContain('malformed-line  line 3');
  });
});
