/**
 * Arrays as PostgreSQL takes them in binary (array_recv): bytes go over as bytes, where the text form would double
 * them and cost both sides a conversion. node-postgres sends a Buffer as a binary parameter.
 */
import type { Instant } from '../ledger/types.js';
import { writeBigint, writeBytes, writeHex, writeText, writeTimestamp, writeUuid } from './binary-field.js';
import { TYPE } from './type.js';

export function byteaArray(values: readonly (Uint8Array | null)[]): Buffer {
  return encode(TYPE.bytea, values, (value) => value.length, writeBytes);
}

/** @param values hex digits */
export function hexArray(values: readonly (string | null)[]): Buffer {
  return encode(TYPE.bytea, values, (value) => value.length / 2, writeHex);
}

/** @param values without U+0000, which text cannot hold */
export function textArray(values: readonly (string | null)[]): Buffer {
  return encode(TYPE.text, values, (value) => Buffer.byteLength(value), writeText);
}

export function uuidArray(values: readonly string[]): Buffer {
  return encode(TYPE.uuid, values, () => 16, writeUuid);
}

/** @param values safe integers, or any of 64 bits */
export function bigintArray(values: readonly (number | bigint)[]): Buffer {
  return encode(TYPE.bigint, values, () => 8, writeBigint);
}

export function booleanArray(values: readonly boolean[]): Buffer {
  return encode(
    TYPE.boolean,
    values,
    () => 1,
    (into, value, at) => into.writeUInt8(value ? 1 : 0, at),
  );
}

export function smallintArray(values: readonly number[]): Buffer {
  return encode(
    TYPE.smallint,
    values,
    () => 2,
    (into, value, at) => into.writeInt16BE(value, at),
  );
}

export function timestamptzArray(values: readonly (Instant | null)[]): Buffer {
  return encode(TYPE.timestamptz, values, () => 8, writeTimestamp);
}

/** One dimension, beginning at 1: its header, then each element's length (−1: NULL) and bytes. */
function encode<Value>(
  oid: number,
  values: readonly (Value | null)[],
  sizeOf: (value: Value) => number,
  write: (into: Buffer, value: Value, at: number) => unknown,
): Buffer {
  const sizes = values.map((value) => (value === null ? -1 : sizeOf(value)));
  const header = values.length === 0 ? [0, 0, oid] : [1, 1, oid, values.length, 1];
  const total = sizes.reduce((sum, size) => sum + 4 + Math.max(size, 0), header.length * 4);
  const buffer = Buffer.allocUnsafe(total);
  let at = 0;
  for (const word of header) at = buffer.writeInt32BE(word, at);
  values.forEach((value, i) => {
    const size = sizes[i] ?? -1;
    at = buffer.writeInt32BE(size, at);
    if (value === null) return;
    write(buffer, value, at);
    at += size;
  });
  return buffer;
}
