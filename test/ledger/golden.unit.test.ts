import { describe, expect, it } from 'vitest';
import { ExportChecker } from '../../src/ledger/export-check.js';
import { goldenFiles, readGolden } from '../golden/vectors.js';

describe('the format', () => {
  it.each([...goldenFiles()])(
    'is that of the golden vectors: %s (npm run golden writes them)',
    (name, text) => {
      expect(text).toBe(readGolden(name));
    },
  );

  it('is whole in the golden export', () => {
    const checker = new ExportChecker();
    checker.write(Buffer.from(readGolden('export.jsonl')));
    expect(checker.end()).toMatchObject({ intact: true, findings: [], count: 9 });
  });
});
