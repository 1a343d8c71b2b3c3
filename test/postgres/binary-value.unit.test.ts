import { describe, expect, it } from 'vitest';
import {
  bigintText,
  hexText,
  millisecondsText,
  plainText,
  tidText,
  uuidText,
} from '../../src/postgres/binary-value.js';

const int8 = (value: bigint): Buffer => {
  const field = Buffer.alloc(8);
  field.writeBigInt64BE(value);
  return field;
};

describe('a value in binary', () => {
  it.each([0n, 1n, 4294967295n, 4294967296n, -1n, 9007199254740993n, 2n ** 63n - 1n, -(2n ** 63n)])(
    'that is the bigint %s is its digits',
    (value) => {
      expect(bigintText(int8(value))).toBe(String(value));
    },
  );

  it.each([
    [0n, '946684800000'],
    [-946684800000000n, '0'],
    [-946684800000001n, '-0.001'],
    [-946684800001000n, '-1'],
    [843315200000900n, '1790000000000.900'],
    [843315200001000n, '1790000000001'],
    [2n ** 63n - 1n, 'Infinity'],
    [-(2n ** 63n), '-Infinity'],
  ])('that is the time %s, in microseconds since 2000, is milliseconds since 1970', (value, text) => {
    expect(millisecondsText(int8(value))).toBe(text);
  });

  it('is text as its type writes it', () => {
    const uuid = '0189f7ea-ae2c-7cc1-8a3b-7d1f1c0d2e3f';
    expect(uuidText(Buffer.from(uuid.replaceAll('-', ''), 'hex'))).toBe(uuid);
    expect(tidText(Buffer.from('ffffffff0102', 'hex'))).toBe('(4294967295,258)');
    expect(hexText(Buffer.from('00ff', 'hex'))).toBe('00ff');
    expect(plainText(Buffer.from('ä'))).toBe('ä');
  });

  it('of another length is none of the type, and NULL is null', () => {
    for (const read of [bigintText, millisecondsText, uuidText, tidText]) {
      expect(read(Buffer.from('12345'))).toBe('\\x3132333435');
      expect(read(Buffer.alloc(0))).toBe('\\x');
      expect(read(null)).toBeNull();
    }
    expect([hexText(null), plainText(null)]).toEqual([null, null]);
  });
});
