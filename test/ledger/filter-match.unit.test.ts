import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../src/ledger/canonical-json.js';
import { bytesMatch } from '../../src/ledger/filter-match.js';
import { encodeMetadata } from '../../src/ledger/metadata.js';
import type { Json } from '../../src/ledger/types.js';
import { metadata } from './events.js';

const NONE = Buffer.alloc(0);

function matches(data: Buffer, path: readonly string[], ...values: readonly string[]): boolean {
  return bytesMatch({ subjects: [], payload: [{ path, values }] }, data, NONE);
}

describe('a payload filter', () => {
  const payload: Json = { a: { b: [1, 'x', null, [true]] }, '': 0, '0': 'zero', n: 12.5 };
  const data = canonicalBytes(payload);

  it.each([
    [['a', 'b', '0'], '1'],
    [['a', 'b', '1'], '"x"'],
    [['a', 'b', '2'], 'null'],
    [['a', 'b', '3', '0'], 'true'],
    [[''], '0'],
    [['0'], '"zero"'],
    [['n'], '12.5'],
  ])('finds the scalar at %j', (path, value) => {
    expect(matches(data, path, value)).toBe(true);
    expect(matches(data, path, '"something else"', value)).toBe(true);
    expect(matches(data, path, '"something else"')).toBe(false);
  });

  it.each([
    [['a'], 'null'],
    [['a', 'b'], 'null'],
    [['a', 'b', '-'], 'null'],
    [['a', 'b', '00'], '1'],
    [['a', 'b', '4'], 'null'],
    [['a', 'b', 'length'], '4'],
    [['a', 'toString'], 'null'],
    [['n', 'x'], 'null'],
    [[], 'null'],
  ])('finds nothing at %j', (path, value) => {
    expect(matches(data, path, value)).toBe(false);
  });

  it('asks for a payload that is a scalar itself with the empty path', () => {
    expect(matches(Buffer.from('"x"'), [], '"x"')).toBe(true);
  });

  it('goes by what I-JSON says, not by how another program wrote it', () => {
    expect(matches(Buffer.from('{"a":1}'), ['a'], '1')).toBe(true);
    expect(matches(Buffer.from(' {"b" : 2, "a": 1.0e0}'), ['a'], '1')).toBe(true);
    expect(matches(Buffer.from('-0'), [], '0')).toBe(true);
    expect(matches(Buffer.from('"\\u0061"'), [], '"a"')).toBe(true);
  });

  it('finds nothing in what is no I-JSON', () => {
    for (const data of ['{"a":1', '{"a":1,"a":1}', '\ufeff{"a":1}', '{"a":1,"b":9007199254740993}', '']) {
      expect(matches(Buffer.from(data), ['a'], '1')).toBe(false);
    }
  });
});

describe('a subject filter', () => {
  const subject = (bytes: Buffer, ...subjects: readonly string[]): boolean =>
    bytesMatch({ subjects, payload: [] }, NONE, bytes);

  it('finds the subject of metadata in our form alone', () => {
    expect(subject(encodeMetadata(metadata({ subject: 'customer-1' })), 'customer-1')).toBe(true);
    expect(subject(encodeMetadata(metadata({ subject: 'customer-1' })), 'x', 'customer-1')).toBe(true);
    expect(subject(encodeMetadata(metadata({ subject: 'customer-1' })), 'customer-2')).toBe(false);
    expect(subject(encodeMetadata(metadata()), 'customer-1')).toBe(false);
    expect(subject(Buffer.from('{"subject":"customer-1"}'), 'customer-1')).toBe(false);
  });
});
