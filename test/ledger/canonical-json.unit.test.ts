import { existsSync, readdirSync, readFileSync } from 'node:fs';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalBytes,
  canonicalBytesWithin,
  canonicalJson,
  readCanonical,
} from '../../src/ledger/canonical-json.js';
import type { Json } from '../../src/ledger/types.js';
import { iJson } from './json-arbitraries.js';

const vectors = new URL('../../../shared/data/jcs/', import.meta.url);

describe('canonical JSON', () => {
  it('is what another implementation of RFC 8785 writes', () => {
    fc.assert(
      fc.property(iJson, (value) => {
        expect(canonicalJson(value)).toBe(canonicalize(value));
      }),
      { numRuns: 500 },
    );
  });

  it("is what RFC 8785's own examples show (3.2.2, 3.2.3)", () => {
    const example =
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],' +
      '"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}';
    expect(canonicalJson(JSON.parse(example) as Json)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
    const sorted = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1F600}': 5, '\u0080': 6, ö: 7 };
    expect(Object.values(JSON.parse(canonicalJson(sorted)) as object)).toHaveLength(7);
    expect(canonicalJson(sorted)).toBe(
      '{"\\r":2,"1":4,"\u0080":6,"ö":7,"\u20ac":1,"\u{1F600}":5,"\ufb33":3}',
    );
  });

  it('agrees with the vectors of the RFC, where they are at hand', () => {
    for (const file of existsSync(vectors) ? readdirSync(new URL('input/', vectors)) : []) {
      const input = JSON.parse(readFileSync(new URL(`input/${file}`, vectors), 'utf8')) as Json;
      const output = readFileSync(new URL(`output/${file}`, vectors));
      expect(canonicalBytes(input).equals(output), file).toBe(true);
    }
  });

  it('sorts names that look like integers as strings', () => {
    expect(canonicalJson({ 9: 1, 10: 2, a: 3, '': 4, '-1': 5 })).toBe('{"":4,"-1":5,"10":2,"9":1,"a":3}');
  });

  it.each<[Json, string]>([
    [-0, '0'],
    [1e21, '1e+21'],
    [1e20, '100000000000000000000'],
    [1e-6, '0.000001'],
    [1e-7, '1e-7'],
    [5e-324, '5e-324'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
    ['\u0000\u001f\u007f\u2028/', '"\\u0000\\u001f\u007f\u2028/"'],
    [[], '[]'],
    [{}, '{}'],
    [[[], {}], '[[],{}]'],
  ])('writes %j as %s', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  it('refuses what JSON has no text for', () => {
    for (const value of ['\ud800', { '\udc00': 1 }, [NaN], Infinity, { a: undefined } as unknown as Json]) {
      expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'invalid-input' }));
    }
    expect(() => canonicalJson(undefined as unknown as Json)).toThrow('undefined');
  });
});

describe('canonical JSON within a limit', () => {
  it('is the canonical form when that is no longer, else nothing', () => {
    fc.assert(
      fc.property(iJson, fc.integer({ min: -3, max: 3 }), (value, more) => {
        const bytes = canonicalBytes(value);
        expect(canonicalBytesWithin(value, bytes.length + more)).toEqual(more < 0 ? null : bytes);
      }),
    );
  });

  const unread = {
    get payload(): Json {
      throw new Error('read further than needed');
    },
  };

  it.each<[string, Json]>([
    ['a long text', ['x'.repeat(2_000), unread]],
    ['many items', [...Array<Json>(1_000).fill(0), unread]],
    [
      'many members',
      { a: unread, ...Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`m${i}`, 0])) },
    ],
  ])('is not written further than that: %s', (_what, value) => {
    expect(canonicalBytesWithin(value, 1_000)).toBeNull();
  });
});

describe('reading bytes that may be anything', () => {
  it.each<[string, boolean | null]>([
    ['{"a":1,"b":2}', true],
    ['{"b":1,"a":2}', false],
    ['{"a": 1}', false],
    ['1 ', false],
    ['1.0', false],
    ['-0', false],
    ['1e3', false],
    ['"\\u0041"', false],
    ['"\\u001F"', false],
    ['"\\u001f\\n"', true],
    ['"\\/"', false],
    ['{"10":1,"9":2}', true],
    ['{"9":1,"10":2}', false],
    ['{"\u{1F600}":1,"\uFB33":2}', true],
    ['{"\uFB33":1,"\u{1F600}":2}', false],
    ['', null],
    ['{"a":1,"a":1}', null],
    ['1e400', null],
    ['\uFEFF{}', null],
  ])('%j: %j', (text, canonical) => {
    expect(readCanonical(Buffer.from(text))?.canonical ?? null).toBe(canonical);
  });

  it('fails on nothing, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const read = readCanonical(Buffer.from(bytes));
        if (read !== null) expect(read.canonical).toBe(canonicalBytes(read.value).equals(bytes));
      }),
    );
    const large = Buffer.alloc(3_000_000, 'x');
    expect(readCanonical(large)).toBeNull();
    expect(readCanonical(Buffer.from(JSON.stringify(large.toString())))?.canonical).toBe(true);
    expect(readCanonical(Buffer.alloc(3_000_000, 0xff))).toBeNull();
    expect(readCanonical(Buffer.from('['.repeat(100_000) + ']'.repeat(100_000)))).toBeNull();
  });
});
