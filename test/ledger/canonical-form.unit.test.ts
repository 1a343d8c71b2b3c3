import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCanonicalJson } from '../../src/ledger/canonical-form.js';
import { canonicalBytes } from '../../src/ledger/canonical-json.js';
import { parseStrictJson } from '../../src/ledger/strict-json.js';
import { iJson } from './json-arbitraries.js';

const asRead = (bytes: Buffer) => {
  const parsed = parseStrictJson(bytes);
  return parsed.ok && parsed.canonical;
};

describe('telling canonical JSON by its form', () => {
  it('agrees with reading it, for texts of every kind', () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    const texts = [
      ...[
        '',
        ' ',
        'null',
        'nul',
        'true',
        '0',
        '-0',
        '1.0',
        '1e2',
        '1E2',
        '01',
        '1e400',
        '9007199254740993',
        '0.1',
      ],
      ...[
        '""',
        '"a',
        '"\\u0061"',
        '"\\u0000"',
        '"\\ud800"',
        '"\\n"',
        '"\\u000a"',
        '"é"',
        '"\uffff"',
        '"\\/"',
      ],
      ...[
        '[]',
        '[',
        ']',
        '[1,]',
        '[,1]',
        '[1 ,2]',
        '[1,2]',
        '[1}',
        '[] ',
        ' []',
        '[][]',
        '[1,2',
        'null,null',
      ],
      ...['{}', '{', '{"a":1}', '{"a":1,"b":2}', '{"b":1,"a":2}', '{"a":1,"a":2}', '{"":1}', '{"":1,"":2}'],
      ...['{"a":1,}', '{"a"}', '{"a":}', '{a:1}', '{"a":1]', '{"a" :1}', '{"__proto__":1}', '{"a":{"b":[]}}'],
      ...[
        '{"\\u0061":1}',
        '{"\uffff":1}',
        '{"\ufb33":1,"\u{1f600}":2}',
        '{"\u{1f600}":1,"\ufb33":2}',
        '[{},[]]',
      ],
      ...[
        '\ufeff[]',
        '[[],{"a":[1,{"b":null}]}]',
        nested(64),
        nested(65),
        nested(100_000),
        '{"a":'.repeat(1000),
      ],
    ];
    for (const text of texts) {
      const bytes = Buffer.from(text);
      expect([text, isCanonicalJson(bytes)]).toEqual([text, asRead(bytes)]);
    }
    expect(isCanonicalJson(Buffer.from([0x22, 0xff, 0x22]))).toBe(false);
    expect(isCanonicalJson(Buffer.from(nested(64)))).toBe(true);
  });

  it('takes the canonical form of any value, and agrees with reading it after any change of a byte', () => {
    fc.assert(
      fc.property(iJson, fc.nat(), fc.nat(255), (value, place, byte) => {
        const bytes = canonicalBytes(value);
        expect(isCanonicalJson(bytes)).toBe(true);
        bytes.writeUInt8(byte, place % bytes.length);
        expect(isCanonicalJson(bytes)).toBe(asRead(bytes));
      }),
      { numRuns: 500 },
    );
  });
});
