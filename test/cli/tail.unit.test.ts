import { expect, test } from 'vitest';
import { summaryOf } from '../../src/cli/tail.js';
import { at, ledgerOf } from '../ledger/builders.js';

const entry = at(ledgerOf([{ data: Buffer.from('"a long\\npayload"') }]).entries, 0);

test('an entry is one row of the terminal, cut to its width', () => {
  const row = summaryOf(entry, 200);
  expect(row).toMatch(/^0 {2}.* {2}"a long\\npayload"$/);
  expect(summaryOf(entry, 20)).toBe(`${row.slice(0, 19)}…`);
});

test('an entry is shown whole where the terminal does not say how wide it is', () => {
  expect(summaryOf(entry, 0)).toBe(summaryOf(entry, 200));
});
