import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appliedPreferences, readPreferences } from '../../src/http/prefer.js';

describe('the Prefer header', () => {
  it.each([
    [undefined, { wait: null, lenient: false }],
    ['', { wait: null, lenient: false }],
    ['wait=5', { wait: 5, lenient: false }],
    ['wait = 5', { wait: 5, lenient: false }],
    ['wait="5"', { wait: 5, lenient: false }],
    ['Wait=5, Handling=Lenient', { wait: 5, lenient: true }],
    ['handling=lenient; why="because; of, this", wait=7', { wait: 7, lenient: true }],
    ['respond-async, wait=1;x, foo="a\\"b"', { wait: 1, lenient: false }],
    [', ,wait=5,,handling=lenient,', { wait: 5, lenient: true }],
    ['handling=strict', { wait: null, lenient: false }],
  ])('%s', (header, expected) => {
    expect(readPreferences(header)).toEqual(expected);
  });

  it('waits at most 30 seconds', () => {
    expect(readPreferences('wait=31').wait).toBe(30);
    expect(readPreferences('wait=999999999').wait).toBe(30);
  });

  it('ignores a wait that is no number', () => {
    for (const value of ['', '-1', '1.5', 'x', '9999999999']) {
      expect(readPreferences(`wait=${value}`).wait).toBeNull();
    }
  });

  it('takes the first of two equal preferences (RFC 7240, 2)', () => {
    expect(readPreferences('wait=3, wait=9').wait).toBe(3);
  });

  it('ignores what comes after something that is no preference', () => {
    expect(readPreferences('wait=3, =, handling=lenient')).toEqual({ wait: 3, lenient: false });
  });

  it('reads any text, in time that grows with its length', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(readPreferences(text)).toBeDefined();
      }),
    );
    const started = performance.now();
    for (const part of ['; ', ' ;', '=', '"', 'a;', 'a="\\', ';a=b'])
      readPreferences(`a${part.repeat(8_000)}"`);
    expect(performance.now() - started).toBeLessThan(500);
  });

  it('says what was honoured', () => {
    expect(appliedPreferences({ wait: 30, lenient: true })).toBe('wait=30, handling=lenient');
    expect(appliedPreferences({ wait: null, lenient: false })).toBeNull();
  });
});
