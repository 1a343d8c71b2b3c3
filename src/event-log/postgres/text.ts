/**
 * Sources and types are bytes in the table, because other programs may write what is no text, and strings above
 * the port. Each byte sequence has its own string, and each well-formed string its own bytes.
 */
import { isUtf8 } from 'node:buffer';
import { isWellFormed } from '../../ledger/utf8.js';

/** Begins the string of bytes that are not UTF-8; lower-case hex digits follow. */
const MARKER = '\u0000~';

const HEX = /^(?:[0-9a-f]{2})*$/;

/** The string of some bytes: what they say in UTF-8 where they do. */
export function textOf(bytes: Buffer): string {
  return isMarked(bytes) ? MARKER + bytes.toString('hex') : bytes.toString('utf8');
}

/** The bytes whose string this is; null for lone surrogates, which no bytes stand for. */
export function bytesOf(text: string): Buffer | null {
  return markedBytes(text) ?? (isWellFormed(text) ? Buffer.from(text, 'utf8') : null);
}

/** Whether bytes have a marked string: they are not UTF-8, or what they say is the marked string of others. */
function isMarked(bytes: Buffer): boolean {
  return !isUtf8(bytes) || (bytes[0] === 0 && markedBytes(bytes.toString('utf8')) !== null);
}

/** The bytes of a marked string, null for any other. */
function markedBytes(text: string): Buffer | null {
  if (!text.startsWith(MARKER)) return null;
  const digits = text.slice(MARKER.length);
  if (!HEX.test(digits)) return null;
  const bytes = Buffer.from(digits, 'hex');
  return isMarked(bytes) ? bytes : null;
}
