import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCanonicalAtAGlance } from '../../src/ledger/canonical-glance.js';
import { canonicalBytes } from '../../src/ledger/canonical-json.js';
import { parseStrictJson } from '../../src/ledger/strict-json.js';
import { iJson, looseText } from './json-arbitraries.js';

const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

describe('telling canonical JSON at a glance', () => {
  it('takes what is usually recorded', () => {
    const texts = [
      '{"a":{"b":[1,-1,0.5,1e-7,1e+21,-0.25,900719925474099,true,false,null]},"ab":"","b":{},"é":[]}',
      '"\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u000b\\u001f/"',
      '"Grüße, 日本語，😀 \u{10fffd}"',
      '{"":1,"10":2,"9":3}',
      nested(64),
      '0',
    ];
    for (const text of texts) expect([text, isCanonicalAtAGlance(Buffer.from(text))]).toEqual([text, true]);
  });

  it('never takes what reading refuses, or finds in another spelling', () => {
    const texts = [
      ...[
        '',
        ' 1',
        '1 ',
        '-0',
        '01',
        '-',
        '1.0',
        '1e2',
        '9007199254740993',
        '1e400',
        '+1',
        '1-1',
        '.5',
        'tru',
        'nulll',
      ],
      ...[
        '"',
        '"a',
        '"\\',
        '"\\u',
        '"\\u0000"',
        '"\\u0008"',
        '"\\u001F"',
        '"\\u0020"',
        '"\\/"',
        '"\n"',
        '"\\ud800"',
      ],
      ...['"\ufdd0"', '"\ufdef"', '"\ufffe"', '"\uffff"', '"\u{1fffe}"', '"\u{10ffff}"', '\ufeff[]'],
      ...[
        '{"a":1,"a":2}',
        '{"b":1,"a":2}',
        '{"ab":1,"a":2}',
        '{"__proto__":1}',
        '{"a"}',
        '{"a":}',
        '{,}',
        '{"a":1,}',
      ],
      ...[
        '[1,]',
        '[,]',
        '[1}',
        '{"a":1]',
        '[][]',
        ']',
        '1]',
        '[',
        '{',
        '{"a":[',
        nested(65),
        '{"a":'.repeat(100_000),
      ],
    ];
    for (const text of texts) expect([text, isCanonicalAtAGlance(Buffer.from(text))]).toEqual([text, false]);
    expect(isCanonicalAtAGlance(Buffer.from([0x22, 0xc3, 0x22]))).toBe(false);
  });

  it('agrees with reading it, which gives the value that JSON.parse does, whatever the bytes', () => {
    const changed = fc
      .tuple(iJson, fc.nat(), fc.nat(255), fc.boolean())
      .map(([value, place, byte, change]) => {
        const bytes = canonicalBytes(value);
        if (change) bytes.writeUInt8(byte, place % bytes.length);
        return bytes;
      });
    const any = fc.oneof(
      changed,
      looseText.map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(any, (bytes) => {
        if (!isCanonicalAtAGlance(bytes)) return;
        const value = JSON.parse(bytes.toString()) as unknown;
        expect(parseStrictJson(bytes)).toEqual({ ok: true, canonical: true, value });
      }),
      { numRuns: 2_000 },
    );
  });
});
