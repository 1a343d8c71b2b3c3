import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../src/ledger/canonical-json.js';
import { readQuickly } from '../../src/ledger/quick-reader.js';
import { MAX_DEPTH, readCarefully } from '../../src/ledger/strict-json.js';
import type { Json } from '../../src/ledger/types.js';
import { iJson, looseText, messyText } from './json-arbitraries.js';

const quick = (text: string): ReturnType<typeof readQuickly> => readQuickly(Buffer.from(text), MAX_DEPTH);

/** Whatever it takes, the careful reader takes, too, and gives the same of it. */
function expectAgreement(text: string): void {
  const read = quick(text);
  if (read === null) return;
  const value = read.value();
  const careful = readCarefully(Buffer.from(text));
  // toStrictEqual takes members named 'constructor' for what they are not
  expect(isDeepStrictEqual(careful, { ok: true, value, canonical: read.canonical })).toBe(true);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  for (const [name, member] of Object.entries<Json>(value)) {
    expect(read.memberForm(name)?.toString()).toBe(canonicalBytes(member).toString());
    expect(isDeepStrictEqual(read.valueWithout(name), { ...(value as object), [name]: null })).toBe(true);
  }
}

describe('the quick reader', () => {
  it('agrees with the careful one on texts of any kind', () => {
    fc.assert(fc.property(fc.oneof(messyText, looseText), expectAgreement), { numRuns: 1_000 });
  });

  it('agrees on the members of documents, however they are written', () => {
    const indented = fc
      .tuple(fc.dictionary(fc.string(), iJson), fc.constantFrom(undefined, 1, '\t', '\n\r '))
      .map(([value, indent]) => JSON.stringify(value, null, indent));
    fc.assert(fc.property(indented, expectAgreement), { numRuns: 1_000 });
  });

  it.each([
    '{"b":{"z":1,"a":[1.0,{"y":"\\u00e9","x":1E2}]},"a":"\\/"}',
    ' { "payload" : { "b" : [ ] , "a" : { } } , "a" : "\u{1F600}" } ',
    '{"b":{"10":1,"9":2,"":3},"a":100000000000000000000}',
    `{"p":${JSON.stringify(Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`m${(n * 7) % 60}`, n])))}}`,
    '{"p":[1e21,1e20,1E20,1e20,1e20,1e20,1e20,1e20,1e20,1e20,1e20,1e20,1e20,1e20,1e20,1e20,1e20,1e20]}',
  ])('takes %s', (text) => {
    expect(quick(text)).not.toBeNull();
    expectAgreement(text);
  });

  it.each([
    '',
    '{"a":1,"b":2,"a":3}',
    '{"b":{"c":1,"a":2,"c":3}}',
    '{"__proto__":1}',
    '{"\\u0061":1}',
    '-0',
    '[9007199254740993]',
    '["\\ud800"]',
    '["\\u0000"]',
    '["\uffff"]',
    '["\t"]',
    '[1,]',
    '{"a":1,}',
    '01',
    '"open',
    '{} {}',
    '\ufeff{}',
    '['.repeat(65) + ']'.repeat(65),
  ])('leaves %j to the careful one', (text) => {
    expect(quick(text)).toBeNull();
  });

  it('leaves bytes that are no UTF-8 to the careful one', () => {
    expect(readQuickly(Uint8Array.from([0x22, 0xff, 0x22]), MAX_DEPTH)).toBeNull();
  });

  it('has no form of a member that is not there, or where there are none', () => {
    expect(quick('{"a":{"payload":1}}')?.memberForm('payload')).toBeNull();
    expect(quick('["payload"]')?.memberForm('payload')).toBeNull();
    expect(quick('{"a":{"payload":1}}')?.valueWithout('payload')).toEqual({ a: { payload: 1 } });
  });
});
