import { describe, expect, it } from 'vitest';
import { pointerOf, tokensOf, valueAt } from '../../src/ledger/json-pointer.js';

describe('a JSON Pointer', () => {
  it('escapes as RFC 6901 says', () => {
    expect(pointerOf([])).toBe('');
    expect(pointerOf(['', 0, 'a/b', 'm~n', '~1', 'é "'])).toBe('//0/a~1b/m~0n/~01/é "');
  });

  it('of a place too long to name is that of the nearest place around it that is not', () => {
    const token = 'x'.repeat(100);
    expect(pointerOf(Array.from({ length: 64 }, () => token))).toBe(`/${token}`.repeat(10));
    expect(pointerOf(['a', 'y'.repeat(5000), 'b'])).toBe('/a');
    expect(pointerOf(['a', '~'.repeat(1000), 'b'])).toBe('/a');
  });

  it('is read as it is written', () => {
    const tokens = ['', '0', 'a/b', 'm~n', '~1', 'é "'];
    expect(tokensOf(pointerOf(tokens))).toEqual(tokens);
    expect(['a', 'a/b', '/~2', '/~'].map(tokensOf)).toEqual([null, null, null, null]);
  });

  it.each([
    ['', { a: [1] }],
    ['/a', [1]],
    ['/a/0', 1],
    ['/a/1', undefined],
    ['/a/00', undefined],
    ['/a/length', undefined],
    ['/toString', undefined],
    ['/a/0/b', undefined],
  ])('%s names what stands there, or nothing', (pointer, value) => {
    expect(valueAt({ a: [1] }, tokensOf(pointer) ?? [])).toEqual(value);
  });
});
