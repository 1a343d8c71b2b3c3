import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../src/ledger/canonical-json.js';
import { parseStrictJson } from '../../src/ledger/strict-json.js';
import type { JsonProblem, ParsedJson } from '../../src/ledger/strict-json.js';
import { iJson, looseText, messyText } from './json-arbitraries.js';

const parse = (text: string, maxDepth?: number): ParsedJson =>
  parseStrictJson(Buffer.from(text), maxDepth === undefined ? undefined : { maxDepth });

const valueOf = (text: string): unknown => {
  const parsed = parse(text);
  return parsed.ok ? parsed.value : parsed;
};

const problemOf = (parsed: ParsedJson): JsonProblem & { readonly kind: string } => {
  if (parsed.ok) throw new Error(`was taken: ${JSON.stringify(parsed.value)}`);
  return { kind: parsed.kind, ...parsed.problem };
};

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('what is JSON and I-JSON', () => {
  it.each([
    ['null', null],
    [' \t\r\n[ ] \n', []],
    ['{}', {}],
    ['""', ''],
    ['-1', -1],
    ['123e45', 1.23e47],
    ['0.1', 0.1],
    ['1.10', 1.1],
    ['1E2', 100],
    ['1e-2', 0.01],
    ['-0', 0],
    ['0e999999999', 0],
    ['5e-324', 5e-324],
    ['1e23', 1e23],
    ['100000000000000000000', 1e20],
    ['12.50e-1', 1.25],
    ['{"a":[1,{"b":null}],"":true}', { a: [1, { b: null }], '': true }],
    ['{"constructor":1,"toString":2}', { constructor: 1, toString: 2 }],
    ['"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00E9\\ud83D\\uDE00"', '"\\/\b\f\n\r\té😀'],
    ['"\u007f\u2028\uFEFF\uE000"', '\u007f\u2028\uFEFF\uE000'],
    ['"\u{1BFFF}"', '\u{1BFFF}'],
  ])('is read: %s', (text, value) => {
    expect(valueOf(text)).toStrictEqual(value);
  });

  it('gives negative zero as the zero that its canonical form denotes', () => {
    expect(Object.is(valueOf('-0.0'), 0)).toBe(true);
  });

  it('reads every value back from its canonical bytes, and knows them as canonical', () => {
    fc.assert(
      fc.property(iJson, (value) => {
        const bytes = canonicalBytes(value);
        const parsed = parseStrictJson(bytes);
        expect(parsed).toMatchObject({ ok: true, canonical: true });
        expect(parsed.ok && canonicalBytes(parsed.value).equals(bytes)).toBe(true);
      }),
    );
  });

  it('knows exactly the canonical texts as canonical', () => {
    fc.assert(
      fc.property(messyText, (text) => {
        const parsed = parse(text);
        if (!parsed.ok) return;
        expect(parsed.canonical).toBe(canonicalBytes(parsed.value).toString() === text);
      }),
    );
  });
});

describe('what is no JSON', () => {
  it.each([
    ['', 'offset 0'],
    [' ', 'offset 1'],
    ['nul', 'offset 0'],
    ['NaN', 'offset 0'],
    ['-Infinity', 'offset 1'],
    ['[1,]', 'offset 3'],
    ['[,1]', 'offset 1'],
    ['[1 2]', 'offset 3'],
    ['[1', 'offset 2'],
    ['[1}', 'offset 2'],
    [']', 'offset 0'],
    ['{"a":1,}', 'offset 7'],
    ['{"a" 1}', 'offset 5'],
    ['{"a":}', 'offset 5'],
    ['{"a"}', 'offset 4'],
    ["{'a':1}", 'offset 1'],
    ['{1:1}', 'offset 1'],
    ['{,}', 'offset 1'],
    ['{} {}', 'offset 3'],
    ['1 2', 'offset 2'],
    ['01', 'offset 1'],
    ['-01', 'offset 2'],
    ['+1', 'offset 0'],
    ['.5', 'offset 0'],
    ['1.', 'offset 2'],
    ['1.e1', 'offset 2'],
    ['1e', 'offset 2'],
    ['1e+', 'offset 3'],
    ['-', 'offset 1'],
    ['0x1', 'offset 1'],
    ['１', 'offset 0'],
    ['"', 'offset 1'],
    ['"a\nb"', 'offset 2'],
    ['"\0"', 'offset 1'],
    ['"\\x"', 'offset 2'],
    ['"\\', 'offset 2'],
    ['"\\u12"', 'offset 1'],
    ['"\\u 123"', 'offset 1'],
    ['"\\U0041"', 'offset 2'],
    ['[1]//', 'offset 3'],
    ['/**/1', 'offset 0'],
    ['\u00a01', 'offset 0'],
    ['\f1', 'offset 0'],
    ['\v1', 'offset 0'],
    ['\uFEFF1', 'offset 0'],
    ['1\uFEFF', 'offset 1'],
  ])('is a syntax error with its offset: %j', (text, offset) => {
    const problem = problemOf(parse(text));
    expect(problem).toMatchObject({ kind: 'syntax', keyword: 'syntax', pointer: '' });
    expect(problem.detail).toContain(`(${offset})`);
  });

  it('names line and column', () => {
    expect(problemOf(parse('{\n  "a": 1,\n  b\n}')).detail).toBe(
      'expected a member name in quotes but found "b" at line 3, column 3 (offset 14)',
    );
  });

  it.each([
    ['a lone continuation byte', [0x22, 0x80, 0x22], 1],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22], 1],
    ['an encoded surrogate', [0x22, 0x61, 0xed, 0xa0, 0x80, 0x22], 2],
    ['a code point beyond U+10FFFF', [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], 1],
    ['a character cut short', [0x22, 0xe2, 0x82], 1],
    ['a bad byte after a replacement character that is meant', [0x22, 0xef, 0xbf, 0xbd, 0xff, 0x22], 4],
    ['UTF-16', [0xff, 0xfe, 0x31, 0x00], 0],
  ])('refuses %s and names the byte', (_what, bytes, offset) => {
    expect(problemOf(parseStrictJson(Uint8Array.from(bytes)))).toEqual({
      kind: 'syntax',
      pointer: '',
      keyword: 'utf-8',
      detail: `invalid UTF-8 at byte ${offset}`,
    });
  });

  it('says so also when I-JSON refuses something earlier', () => {
    expect(problemOf(parse('{"a":1,"a":1e400,"__proto__":["\\ud800",}')).kind).toBe('syntax');
    expect(problemOf(parse('['.repeat(100_000))).kind).toBe('syntax');
    expect(problemOf(parse('[{"":'.repeat(50_000))).kind).toBe('syntax');
  });

  it('takes and refuses the same texts as ECMAScript, as far as syntax goes', () => {
    fc.assert(
      fc.property(looseText, (text) => {
        const parsed = parse(text);
        const expectSyntaxError = (): unknown => JSON.parse(text);
        if (parsed.ok)
          expect(parsed.value).toEqual(
            JSON.parse(text, (_name, value: unknown) => (value === 0 ? 0 : value)),
          );
        else if (parsed.kind === 'i-json') expect(expectSyntaxError).not.toThrow();
        else expect(expectSyntaxError).toThrow(SyntaxError);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('what I-JSON and our limits refuse', () => {
  it.each([
    ['{"a":{"b":1,"c":2,"b":3}}', '/a/b', 'duplicate-member'],
    ['{"a":1,"\\u0061":1}', '/a', 'duplicate-member'],
    ['{"":1,"":1}', '/', 'duplicate-member'],
    ['{"a/b":{"c~d":1,"c~d":1}}', '/a~1b/c~0d', 'duplicate-member'],
    ['[{"constructor":1,"constructor":1}]', '/0/constructor', 'duplicate-member'],
    ['{"10":1,"9":2,"10":3}', '/10', 'duplicate-member'],
    ['{"b":1,"a":2,"b":3}', '/b', 'duplicate-member'],
    ['{"x":{"__proto__":1}}', '/x/__proto__', 'member-name'],
    ['{"__pr\\u006fto__":1}', '/__proto__', 'member-name'],
    ['["a","b\\u0000"]', '/1', 'character'],
    ['["\\ud800"]', '/0', 'character'],
    ['["\\udc00\\ud800"]', '/0', 'character'],
    ['["\\ud800x\\udc00"]', '/0', 'character'],
    ['["\uFDD0"]', '/0', 'character'],
    ['["\\uFDEF"]', '/0', 'character'],
    ['["\uFFFE"]', '/0', 'character'],
    ['["\\uffff"]', '/0', 'character'],
    ['["\u{1FFFE}"]', '/0', 'character'],
    ['["\\uDBFF\\uDFFF"]', '/0', 'character'],
    ['{"a":{"b\\u0000":1}}', '/a', 'character'],
    ['{"\uFFFF":1}', '', 'character'],
    ['9007199254740993', '', 'number'],
    ['[0.10000000000000001]', '/0', 'number'],
    ['{"n":[0,1e400]}', '/n/1', 'number'],
    ['-1e400', '', 'number'],
    ['1e-400', '', 'number'],
    ['-1e-400', '', 'number'],
    ['123456789012345678901', '', 'number'],
    ['3.141592653589793238462643', '', 'number'],
  ])('%s at %j', (text, pointer, keyword) => {
    expect(problemOf(parse(text))).toMatchObject({ kind: 'i-json', pointer, keyword });
  });

  it('reports the first of several problems', () => {
    expect(problemOf(parse('[1,"\\u0000",{"a":1,"a":2},"\\u0000",1e400]'))).toMatchObject({
      pointer: '/1',
      keyword: 'character',
    });
  });

  it('says what a number would become', () => {
    expect(problemOf(parse('9007199254740993')).detail).toBe(
      'must be a number that a double holds exactly (it would become 9007199254740992, not 9007199254740993)',
    );
  });

  it('takes a number exactly when its canonical form denotes the same decimal', () => {
    const digits = fc.stringMatching(/^[0-9]{1,22}$/);
    const literal = fc
      .tuple(fc.boolean(), digits, fc.option(digits), fc.option(fc.integer({ min: -30, max: 30 })))
      .map(([minus, whole, fraction, exponent]) =>
        [
          minus ? '-' : '',
          whole.replace(/^0+(?=.)/, ''),
          fraction === null ? '' : `.${fraction}`,
          exponent === null ? '' : `e${exponent}`,
        ].join(''),
      );
    /** times 10^100: whole, whatever the literals above */
    const scaled = (text: string): bigint => {
      const [mantissa = '', exponent = '0'] = text.split('e');
      const [whole = '', fraction = ''] = mantissa.split('.');
      return BigInt(whole + fraction) * 10n ** BigInt(100 + Number(exponent) - fraction.length);
    };
    const sign = (text: string): bigint => (text.startsWith('-') ? -1n : 1n);
    const exact = (text: string): bigint => sign(text) * scaled(text.replace(/^-/, ''));
    fc.assert(
      fc.property(literal, (text) => {
        expect(parse(text).ok).toBe(exact(text) === exact(String(Number(text))));
      }),
    );
  });

  it('takes 64 levels, and one more only where the caller allows it', () => {
    expect(parse(nested(64)).ok).toBe(true);
    expect(problemOf(parse(`{"a":[1,${nested(63)}]}`))).toMatchObject({ keyword: 'depth', kind: 'i-json' });
    expect(parse(nested(65), 65).ok).toBe(true);
    expect(parse('7', 0).ok).toBe(true);
    expect(problemOf(parse('[]', 0))).toMatchObject({ pointer: '', keyword: 'depth' });
    expect(problemOf(parse('{"a":[0,{"b":[]}]}', 3)).pointer).toBe('/a/1/b');
  });
});

describe('input made to cost', () => {
  const mib = 1 << 20;

  it('ends quickly with a short pointer, however deep, long or wide the text', () => {
    const hostile = [
      nested(100_000),
      '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000),
      `{"${'k'.repeat(mib)}":"\\u0000"}`,
      `${'{"\\u0000":'.repeat(30_000)}1${'}'.repeat(30_000)}`,
      '1'.repeat(mib),
      `1e${'9'.repeat(mib)}`,
      `0.${'0'.repeat(mib)}1`,
      `[${'1e999,'.repeat(mib / 8)}1]`,
      `${'['.repeat(64)}${'[],'.repeat(mib / 4)}1${']'.repeat(64)}`,
    ];
    const before = performance.now();
    for (const text of hostile) {
      const problem = problemOf(parse(text));
      expect(problem.kind).toBe('i-json');
      expect(problem.pointer.length).toBeLessThanOrEqual(1024);
      expect(problem.detail.length).toBeLessThanOrEqual(200);
    }
    expect(performance.now() - before).toBeLessThan(5_000);
  });

  it('takes what is right however long', () => {
    expect(valueOf(`0.${'0'.repeat(mib)}1e${mib + 1}`)).toBe(1);
    expect(valueOf(`1${'0'.repeat(mib)}e-${mib}`)).toBe(1);
    expect(valueOf(`"${'\\n'.repeat(mib)}"`)).toBe('\n'.repeat(mib));
    const members = Array.from({ length: 50_000 }, (_, index) => `"${50_000 - index}":0`);
    expect(Object.keys(valueOf(`{${members.join(',')}}`) as object)).toHaveLength(50_000);
  });

  it('gives values that do not keep the text in memory', () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const kept: unknown[] = [];
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let run = 0; run < 20; run++) {
      const value = valueOf(
        `{"name":"a name long enough ${run}","escaped":"\\n a name ${run}","rest":"${'x'.repeat(mib)}"}`,
      );
      const { name, escaped } = value as Record<string, unknown>;
      kept.push(name, escaped);
    }
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(5 * mib);
    expect(kept).toHaveLength(40);
  });
});
