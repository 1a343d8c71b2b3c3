/** JSON as bytes of UTF-8: what its strings, numbers and names are made of, for those who read it without decoding it. */
import { QUOTE } from './json-scanner.js';

const SPACE = 0x20;
const ZERO = 0x30;
const ONE = 0x31;
const NINE = 0x39;
const BACKSLASH = 0x5c;

/** Bytes from here on begin characters that may be noncharacters, or that UTF-16 sorts otherwise than UTF-8. */
export const RARE = 0xef;

/** What a string holds that needs no second look: bytes of characters up to U+EFFF, none that is escaped. */
export const PLAIN = new Uint8Array(256).map((_, byte) =>
  Number(byte >= SPACE && byte < RARE && byte !== QUOTE && byte !== BACKSLASH),
);

/** What numbers are made of. */
export const NUMERIC = new Uint8Array(256).map((_, byte) =>
  Number('0123456789+-.eE'.includes(String.fromCharCode(byte))),
);

/** By their first letters, all different. */
export const WORDS = ['true', 'false', 'null'].map((word) => Buffer.from(word));

/** Integers of so many digits are doubles, and their own canonical form. */
const EXACT_DIGITS = 15;

export function isPlainInteger(bytes: Buffer, from: number, to: number): boolean {
  if (to - from > EXACT_DIGITS) return false;
  if (bytes[from] === ZERO) return to - from === 1;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < (at === from ? ONE : ZERO) || byte > NINE) return false;
  }
  return true;
}

/** Whether a name comes after another in the order of UTF-16 code units: up to U+EFFF that of the bytes. */
export function rises(
  bytes: Buffer,
  beforeFrom: number,
  beforeTo: number,
  from: number,
  to: number,
): boolean {
  const before = beforeTo - beforeFrom;
  const length = to - from;
  const shared = Math.min(before, length);
  for (let i = 0; i < shared; i++) {
    const difference = (bytes[from + i] ?? 0) - (bytes[beforeFrom + i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return length > before;
}

const PROTO = Buffer.from('__proto__');

export function isProto(bytes: Buffer, from: number, to: number): boolean {
  return to - from === PROTO.length && bytes[from] === PROTO[0] && bytes.subarray(from, to).equals(PROTO);
}
