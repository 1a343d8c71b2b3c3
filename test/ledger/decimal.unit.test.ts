import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sameDecimal } from '../../src/ledger/decimal.js';

describe('two literals of numbers', () => {
  it.each([
    ['0', '-0.00e99'],
    ['100', '1e2'],
    ['1.10', '11e-1'],
    ['-0.05', '-5E-2'],
    ['1e+3', '1000.0'],
    [`1${'0'.repeat(1000)}`, '1e1000'],
  ])('are the same number: %s, %s', (a, b) => {
    expect(sameDecimal(a, b)).toBe(true);
    expect(sameDecimal(b, a)).toBe(true);
  });

  it.each([
    ['1', '10'],
    ['1', '-1'],
    ['1e1', '1e-1'],
    ['0', '1e-400'],
    ['1.0000000000000000000001', '1'],
  ])('are not: %s, %s', (a, b) => {
    expect(sameDecimal(a, b)).toBe(false);
  });

  it('are the same when one is the other with its point moved', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n }), fc.integer({ min: 0, max: 400 }), (digits, shift) => {
        expect(sameDecimal(`${digits}`, `${digits}${'0'.repeat(shift)}e-${shift}`)).toBe(true);
        expect(sameDecimal(`-${digits}`, `-0.${digits}e${String(digits).length}`)).toBe(true);
      }),
    );
  });
});
