import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { entryName, isReserved, nameProblem, textProblem } from '../../src/ledger/name.js';

describe('a name of a source or a type', () => {
  it.each([
    'a',
    'orders/eu 1',
    '...',
    '_schemas',
    'é',
    '日本語',
    '😀',
    '%2e',
    '..\\..',
    'a~$b',
    'constructor',
    '\u00ad',
    'a'.repeat(512),
    'é'.repeat(256),
  ])('is taken: %j', (name) => {
    expect(nameProblem(name)).toBeNull();
    expect(entryName(name)).toBe(name);
  });

  it.each([
    ['', 'empty'],
    ['a'.repeat(513), '512 bytes'],
    ['é'.repeat(257), '512 bytes'],
    ['a'.repeat(4_000_000), '512 bytes'],
    ['a\0b', 'control'],
    ['a\u001f', 'control'],
    ['a\u007fb', 'control'],
    ['a\u009fb', 'control'],
    ['a\ud800b', 'surrogate'],
    ['a\ufdd0', 'noncharacter'],
    ['\u{10FFFF}', 'noncharacter'],
    [' a', 'white space'],
    ['a\u00a0', 'white space'],
    ['a\u3000', 'white space'],
    ['\ufeffa', 'white space'],
    ['.', "'.'"],
    ['..', "'..'"],
    ['~a', "'~'"],
    ['$all', "'$'"],
  ])('is refused: %j', (name, reason) => {
    expect(nameProblem(name)).toContain(reason);
  });

  it('that is refused stands in an entry as the hash of its UTF-8', () => {
    for (const name of ['', '~sha256:00', 'a\0b', '$é', 'x'.repeat(4000)]) {
      expect(entryName(name)).toBe(`~sha256:${createHash('sha256').update(name, 'utf8').digest('hex')}`);
      expect(nameProblem(entryName(name))).not.toBeNull();
    }
  });

  it("is the ledger's own when it begins with an underscore", () => {
    expect(['_', '_schemas', '_x'].every(isReserved)).toBe(true);
    expect(['a_', ' _', ''].some(isReserved)).toBe(false);
  });
});

describe('an id, timestamp, actor or subject', () => {
  it.each(['a', ' ', '.', '~', '$', '_', 'é'.repeat(256)])('is taken: %j', (text) => {
    expect(textProblem(text)).toBeNull();
  });

  it.each(['', 'a'.repeat(513), 'é'.repeat(257), '\n', '\u0085', '\udfff', '\ufffe'])(
    'is refused: %j',
    (text) => {
      expect(textProblem(text)).toMatch(/^must /);
    },
  );
});
