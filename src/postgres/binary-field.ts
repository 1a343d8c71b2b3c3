/** Values in PostgreSQL's binary form, written into a buffer at a place, each of the size that its type has. */
import { instantToMs } from '../ledger/time.js';
import type { Instant } from '../ledger/types.js';
import { EPOCH_MS } from './type.js';

export function writeBytes(into: Buffer, value: Uint8Array, at: number): void {
  into.set(value, at);
}

export function writeText(into: Buffer, value: string, at: number): number {
  return into.write(value, at, 'utf8');
}

export function writeHex(into: Buffer, value: string, at: number): void {
  into.write(value, at, 'hex');
}

const HYPHEN = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
/** what is to be taken off the code of `a` */
const TEN = 0x61 - 10;

/** A digit at a time: taking the hyphens out first takes twice as long. */
export function writeUuid(into: Buffer, value: string, at: number): void {
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

const WORD = 2 ** 32;

/** @param value a safe integer, or any of 64 bits */
export function writeBigint(into: Buffer, value: number | bigint, at: number): void {
  if (typeof value === 'bigint') into.writeBigInt64BE(value, at);
  else writeHalves(into, Math.floor(value / WORD), value - Math.floor(value / WORD) * WORD, at);
}

export function writeTimestamp(into: Buffer, value: Instant, at: number): void {
  const ms = instantToMs(value) - EPOCH_MS;
  // microseconds of the first and the last years are no safe integers: each half is multiplied for itself
  const high = Math.floor(ms / WORD);
  const low = (ms - high * WORD) * 1000;
  const carry = Math.floor(low / WORD);
  writeHalves(into, high * 1000 + carry, low - carry * WORD, at);
}

/** BigInt takes several times as long. */
function writeHalves(into: Buffer, high: number, low: number, at: number): void {
  into.writeInt32BE(high, at);
  into.writeUInt32BE(low, at + 4);
}
