import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  comparePositions,
  formatPosition,
  parsePosition,
} from '../../../src/event-log/eventstoredb/position.js';
import type { Position } from '../../../src/ledger/types.js';

const place = fc.bigInt({ min: 0n, max: 2n ** 64n - 2n });

function position(commit: bigint, prepare = commit): Position {
  const formatted = formatPosition({ commit, prepare });
  if (formatted === null) throw new Error('no position');
  return formatted;
}

describe('a position', () => {
  test('keeps both of its numbers exactly, beyond what a double holds', () => {
    fc.assert(
      fc.property(place, place, (commit, prepare) => {
        expect(parsePosition(position(commit, prepare))).toEqual({ commit, prepare });
      }),
    );
  });

  test('compares as its numbers do, not as text', () => {
    fc.assert(
      fc.property(place, place, (a, b) => {
        expect(Math.sign(comparePositions(position(a), position(b)))).toBe(a < b ? -1 : Number(a > b));
      }),
    );
    expect(comparePositions(position(9n), position(10n))).toBeLessThan(0);
    expect(comparePositions(position(7n, 1n), position(7n, 2n))).toBeLessThan(0);
  });

  test('is none where the server does not know it', () => {
    expect(formatPosition({ commit: 2n ** 64n - 1n, prepare: 2n ** 64n - 1n })).toBeNull();
  });

  test.each(['', '7', '-1/-1', '7/', '1/2/3', ' 1/1', '1/1\n', 'a/b', `${'9'.repeat(21)}/1`])(
    'of another log is refused: %j',
    (text) => {
      expect(() => parsePosition(text as Position)).toThrow(
        expect.objectContaining({ code: 'invalid-input' }),
      );
    },
  );
});
