import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../../src/schemas/pattern/pattern.js';
import { PatternRefused } from '../../../src/schemas/pattern/syntax.js';

/** Patterns out of everything that is taken, over few characters, so that texts often match. */
const atom = fc.constantFrom(
  ...['a', 'b', '-', 'é', '😀', '.', '\\d', '\\w', '\\W', '\\s', '\\S', '[ab]', '[^a]', '[a-y]'],
  ...['[\\d-]', '[^\\W]', '\\u{1F600}', '\\x61', '\\n', '[]', '[^]'],
);
const assertion = fc.constantFrom('^', '$', '\\b', '\\B');
const quantifier = fc.constantFrom('*', '+', '?', '{2}', '{0,2}', '{1,}', '{2,3}', '*?', '+?', '{0}');

const { pattern } = fc.letrec<{ pattern: string; term: string; group: string }>((tie) => ({
  pattern: fc
    .array(
      fc.array(tie('term'), { maxLength: 4 }).map((terms) => terms.join('')),
      {
        minLength: 1,
        maxLength: 3,
      },
    )
    .map((alternatives) => alternatives.join('|')),
  term: fc.oneof(
    { depthSize: 'small' },
    atom,
    assertion,
    fc.tuple(atom, quantifier).map((parts) => parts.join('')),
    tie('group'),
    fc.tuple(tie('group'), quantifier).map((parts) => parts.join('')),
  ),
  group: fc
    .tuple(fc.constantFrom('(', '(?:', '(?<name>'), tie('pattern'))
    .map(([open, inner]) => `${open}${inner})`),
}));
const text = fc
  .array(fc.constantFrom('a', 'b', '-', '_', '1', ' ', '\n', 'é', '😀', '\u2028'), { maxLength: 12 })
  .map((characters) => characters.join(''));

function refusal(source: string): string | null {
  try {
    compilePattern(source);
    return null;
  } catch (error) {
    if (error instanceof PatternRefused) return error.message;
    throw error;
  }
}

describe('a pattern', () => {
  it('matches exactly what RegExp matches with the flag u', () => {
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 5, maxLength: 5 }), (source, texts) => {
        fc.pre(refusal(source) === null);
        const ours = compilePattern(source);
        const native = new RegExp(source, 'u');
        for (const each of texts) {
          // V8 finds a \B between the halves of a surrogate pair, where ECMA-262 (22.2.7.2) does not look
          if (source.includes('\\B') && each.includes('😀')) continue;
          expect([each, ours.test(each)]).toEqual([each, native.test(each)]);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('matches look-ahead at its beginning as RegExp does', () => {
    const source = '^(?=.*\\d)(?!.*--)(?=[a-z])[a-z0-9-]{3,8}$';
    const ours = compilePattern(source);
    for (const each of ['abc', 'ab1', '1ab', 'a--1', 'a-1', 'abcdefgh1', 'ab1\n', '']) {
      expect([each, ours.test(each)]).toEqual([each, new RegExp(source, 'u').test(each)]);
    }
  });

  it('takes no more than linear time, also where an ordinary engine takes quadratic', () => {
    const long = 'a'.repeat(262_144);
    const started = performance.now();
    expect(compilePattern('a+b').test(long)).toBe(false);
    expect(compilePattern('^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$').test(`a@${'.'.repeat(262_144)}@`)).toBe(false);
    expect(compilePattern('(.*)=(.*)=(.*);').test('='.repeat(262_144))).toBe(false);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('goes on matching rightly when more states are met than it remembers', () => {
    const source = '(?:a|b)*a(?:a|b){12}$';
    const many = compilePattern(source);
    let bits = 1;
    const noise = Array.from({ length: 20_000 }, () => {
      bits = (bits * 1_103_515_245 + 12_345) % 2_147_483_648;
      return bits % 7 < 3 ? 'a' : 'b';
    }).join('');
    for (const tail of ['a', 'b']) {
      const each = `${noise}${tail}${'b'.repeat(12)}`;
      expect(many.test(each)).toBe(tail === 'a');
      expect(many.test('abbbbbbbbbbbb')).toBe(true);
    }
  });
});

describe('a pattern of practice is taken:', () => {
  it.each([
    '^[a-z0-9]+(?:[-_.][a-z0-9]+)*$',
    '^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$',
    '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$',
    '^(\\d{1,3}\\.){3}\\d{1,3}$',
    '^arn:(aws|aws-cn|aws-us-gov):iam::\\d{12}:role/.+$',
    '^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$',
    '^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(?:-[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$',
    '^(?:[01]\\d|2[0-3]):[0-5]\\d$',
    '^https?://([\\w-]+\\.)+[\\w-]+(/[\\w./?%&=-]*)?$',
    '[\\w+=,.@-]+',
    '^\\d{1000}$',
    '',
  ])('%s', (source) => {
    expect(refusal(source)).toBeNull();
  });
});

describe('a pattern that takes an ordinary engine exponential time is refused:', () => {
  it.each([
    '^(a+)+$',
    '(a*)*b',
    '(a|a)*b',
    '(a|aa)+$',
    '^(\\w+\\s?)*$',
    '(x+x+)+y',
    '(.*a){20}',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '(a?){30}a{30}',
    '((x?|y?)z)+',
    '(\\d{1,3},?)+$',
    '^(?=(a+)+$)a',
    '(?:(?:a{1,9}){1,9}){1,9}b',
    '([\\s\\S]|[^x])*y',
  ])('%s', (source) => {
    expect(refusal(source)).toMatch(/catastrophic backtracking|can be empty/);
  });
});

describe('a pattern is refused, with the reason, that has', () => {
  it.each([
    ['a backreference', '(a)\\1', /backreference \\1/],
    ['look-behind', '(?<=a)b', /look-behind/],
    ['look-ahead in the middle', 'a(?=b)', /look-ahead/],
    ['what depends on the version of Unicode', '^\\p{L}+$', /version of Unicode/],
    ['flags of later years', '(?i:a)', /ECMAScript 2023/],
    ['no end', '[a', /Unterminated character class/],
    ['what only works without the flag u', '\\-', /ECMAScript 2023/],
    ['long repeats', '(?:a{100}){100}', /too large/],
    ['endless repeats of long ones', 'a{1000000}', /too large/],
    ['too many characters', 'a'.repeat(2049), /more than 2048/],
    ['deep groups', `${'('.repeat(40)}a${')'.repeat(40)}`, /more than 32 deep/],
    [
      'too many alternatives that look alike',
      `(${Array.from({ length: 300 }, (_, i) => `w${i}`).join('|')})+`,
      /entangled/,
    ],
  ])('%s', (_, source, reason) => {
    expect(refusal(source)).toMatch(reason);
  });
});
