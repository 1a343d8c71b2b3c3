/**
 * Values in PostgreSQL's binary form as text. What is too short or too long to be of the type is given as `\x…`, which no
 * reader takes for a value.
 */
import { EPOCH_MS } from './type.js';

/** In microseconds. */
const EPOCH_US = BigInt(EPOCH_MS) * 1000n;

/** timestamptz's infinities are the ends of its range. */
const INFINITY = 2n ** 63n - 1n;
const MINUS_INFINITY = -(2n ** 63n);

/** Of bigint: decimal digits. */
export function bigintText(field: Buffer | null): string | null {
  if (field?.length !== 8) return rawText(field);
  // most are small, and BigInt is slow
  return field.readInt32BE() === 0 ? String(field.readUInt32BE(4)) : field.readBigInt64BE().toString();
}

/** Of timestamptz: milliseconds since 1970, with as many decimals as it takes; `Infinity`, `-Infinity`. */
export function millisecondsText(field: Buffer | null): string | null {
  if (field?.length !== 8) return rawText(field);
  const since2000 = field.readBigInt64BE();
  if (since2000 === INFINITY) return 'Infinity';
  if (since2000 === MINUS_INFINITY) return '-Infinity';
  const since1970 = since2000 + EPOCH_US;
  const microseconds = since1970 < 0n ? -since1970 : since1970;
  const part = microseconds % 1000n;
  const sign = since1970 < 0n ? '-' : '';
  return `${sign}${microseconds / 1000n}${part === 0n ? '' : `.${part.toString().padStart(3, '0')}`}`;
}

/** Of uuid: lower case, with hyphens. */
export function uuidText(field: Buffer | null): string | null {
  if (field?.length !== 16) return rawText(field);
  const hex = field.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Of tid: `(block,place)`. */
export function tidText(field: Buffer | null): string | null {
  if (field?.length !== 6) return rawText(field);
  return `(${field.readUInt32BE()},${field.readUInt16BE(4)})`;
}

/** Of bytea: hex digits. */
export function hexText(field: Buffer | null): string | null {
  return field === null ? null : field.toString('hex');
}

/** Of text. */
export function plainText(field: Buffer | null): string | null {
  return field === null ? null : field.toString();
}

/** Dimensions, whether any element is NULL, the elements' type. */
const ARRAY_HEADER_BYTES = 3 * 4;
/** Size and lower bound. */
const DIMENSION_BYTES = 2 * 4;

/**
 * Of an array of one dimension: where each element stands in the field; it ends before it begins when it is NULL. No bytes
 * have none.
 */
export function eachElement(field: Buffer, visit: (from: number, to: number) => void): void {
  for (let at = ARRAY_HEADER_BYTES + DIMENSION_BYTES; at < field.length;) {
    const from = at + 4;
    const length = field.readInt32BE(at);
    visit(from, from + length);
    at = from + Math.max(length, 0);
  }
}

function rawText(field: Buffer | null | undefined): string | null {
  return field === null || field === undefined ? null : `\\x${field.toString('hex')}`;
}
