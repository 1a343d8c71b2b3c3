import { describe, expect, it } from 'vitest';
import { describeReport } from '../../src/cli/verify-export.js';
import { ExportChecker } from '../../src/ledger/export-check.js';
import { ExportWriter } from '../../src/ledger/manifest.js';
import { ledgerOfSize } from '../ledger/builders.js';

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
});
