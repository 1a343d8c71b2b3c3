/**
 * Arrays as PostgreSQL takes them in binary (array_recv): bytes go over as bytes, where the text form would double
 * them and cost both sides a conversion. node-postgres sends a Buffer as a binary parameter.
 */
import { instantToMs } from '../ledger/time.js';
import type { Instant } from '../ledger/types.js';
import { EPOCH_MS, TYPE } from './type.js';

export function byteaArray(values: readonly (Uint8Array | null)[]): Buffer {
  return encode(TYPE.bytea, values, (value) => value.length, writeBytes);
}

/** @param values hex digits */
export function hexArray(values: readonly (string | null)[]): Buffer {
  return encode(TYPE.bytea, values, (value) => value.length / 2, writeHex);
}

/** @param values without U+0000, which text cannot hold */
export function textArray(values: readonly (string | null)[]): Buffer {
  return encode(TYPE.text, values, Buffer.byteLength, writeText);
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

function writeBytes(into: Buffer, value: Uint8Array, at: number): void {
  into.set(value, at);
}

function writeHex(into: Buffer, value: string, at: number): void {
  into.write(value, at, 'hex');
}

function writeText(into: Buffer, value: string, at: number): void {
  into.write(value, at, 'utf8');
}

/** A digit at a time: taking the hyphens out first takes twice as long. */
function writeUuid(into: Buffer, value: string, at: number): void {
  let to = at * 2;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === HYPHEN) continue;
    const digit = code <= NINE ? code - ZERO : code - TEN;
    const byte = to >> 1;
    into[byte] = to % 2 === 0 ? digit << 4 : (into[byte] ?? 0) | digit;
    to += 1;
  }
}

const HYPHEN = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
/** what is to be taken off the code of `a` */
const TEN = 0x61 - 10;

const WORD = 2 ** 32;

// BigInt takes several times as long as the arithmetic of two halves
function writeBigint(into: Buffer, value: number | bigint, at: number): void {
  if (typeof value === 'bigint') into.writeBigInt64BE(value, at);
  else writeHalves(into, Math.floor(value / WORD), value - Math.floor(value / WORD) * WORD, at);
}

function writeTimestamp(into: Buffer, value: Instant, at: number): void {
  const ms = instantToMs(value) - EPOCH_MS;
  // microseconds of the first and the last years are no safe integers: each half is multiplied for itself
  const high = Math.floor(ms / WORD);
  const low = (ms - high * WORD) * 1000;
  const carry = Math.floor(low / WORD);
  writeHalves(into, high * 1000 + carry, low - carry * WORD, at);
}

function writeHalves(into: Buffer, high: number, low: number, at: number): void {
  into.writeInt32BE(high, at);
  into.writeUInt32BE(low, at + 4);
}

/** One dimension, beginning at 1: its header, then each element's length (−1: NULL) and bytes. */
function encode<Value>(
  oid: number,
  values: readonly (Value | null)[],
  sizeOf: (value: Value) => number,
  write: (into: Buffer, value: Value, at: number) => void,
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
