import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cut } from '../../src/ledger/cut.js';

it('a text that is cut is its beginning, and has no halves of characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 12 }), (text, most) => {
      const shown = cut(text, most);
      expect(shown).not.toMatch(/\p{Cs}/u);
      if (text.length <= most) expect(shown).toBe(text);
      else expect([text.startsWith(shown.slice(0, -1)), shown.length <= most + 1]).toEqual([true, true]);
    }),
  );
  expect(cut(`${'a'.repeat(99)}😀b`, 100)).toBe(`${'a'.repeat(99)}…`);
});
