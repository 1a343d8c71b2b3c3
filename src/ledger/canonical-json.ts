/** Canonical JSON (RFC 8785): one text for one value, so that hashes can be taken of it. */
import { isCanonicalAtAGlance } from './canonical-glance.js';
import { LedgerError } from './error.js';
import { parseStrictJson } from './strict-json.js';
import type { Json } from './types.js';

/**
 * The canonical text of a value (RFC 8785): no white space, members in the order of their names' UTF-16 code
 * units (3.2.3), numbers and strings as ECMAScript writes them (3.2.2).
 * @param value of at most 1,000 levels; what the strict parser gives has fewer
 * @throws LedgerError `invalid-input` for what JSON has no text for: lone surrogates, NaN, infinities, undefined
 */
export function canonicalJson(value: Json): string {
  return textOf(value, { left: Infinity });
}

/** The canonical text as UTF-8: the bytes that are recorded and hashed. */
export function canonicalBytes(value: Json): Buffer {
  return Buffer.from(canonicalJson(value), 'utf8');
}

/**
 * The canonical bytes of a value that may be of any size.
 * @param most bytes
 * @returns null when they are more: no more than that is written to find it out
 * @throws LedgerError as canonicalJson does
 */
export function canonicalBytesWithin(value: Json, most: number): Buffer | null {
  try {
    // UTF-8 has no fewer bytes than UTF-16 has units
    const bytes = Buffer.from(textOf(value, { left: most }), 'utf8');
    return bytes.length <= most ? bytes : null;
  } catch (error) {
    if (error instanceof NoRoom) return null;
    throw error;
  }
}

/**
 * Read bytes that may be anything, of any size.
 * @returns null when they are not I-JSON of at most 64 levels; else their value, and whether they are its canonical
 *   form
 */
export function readCanonical(bytes: Buffer): { readonly canonical: boolean; readonly value: Json } | null {
  if (isCanonicalAtAGlance(bytes)) return { canonical: true, value: JSON.parse(bytes.toString()) as Json };
  const parsed = parseStrictJson(bytes);
  return parsed.ok ? { canonical: parsed.canonical, value: parsed.value } : null;
}

/** UTF-16 units that may still be written. */
interface Room {
  left: number;
}

class NoRoom extends Error {}

function take(room: Room, units: number): void {
  room.left -= units;
  if (room.left < 0) throw new NoRoom();
}

function textOf(value: Json, room: Room): string {
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value)
      ? arrayText(value as readonly Json[], room)
      : objectText(value as Readonly<Record<string, Json>>, room);
  }
  if (typeof value === 'string' && value.length > room.left) throw new NoRoom();
  const text = scalarText(value);
  take(room, text.length);
  return text;
}

function scalarText(value: Json): string {
  if (typeof value === 'string') return stringText(value);
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value === null) return 'null';
  throw new LedgerError('invalid-input', `JSON has no text for a value of type ${typeof value}`);
}

function arrayText(items: readonly Json[], room: Room): string {
  // brackets and commas: a wide array is known to be too long before its items are looked at
  take(room, items.length + 1);
  let text = '';
  for (const item of items) text += `${text === '' ? '[' : ','}${textOf(item, room)}`;
  return text === '' ? '[]' : `${text}]`;
}

function objectText(members: Readonly<Record<string, Json>>, room: Room): string {
  const names = Object.keys(members);
  // braces, colons and commas; quotes and names come on top of that, so that sorting is not begun in vain
  take(room, 2 * names.length + 1);
  if (2 * names.length > room.left) throw new NoRoom();
  let text = '';
  // the default order of sort() is that of UTF-16 code units
  for (const name of names.sort()) {
    const value = members[name];
    if (value === undefined)
      throw new LedgerError('invalid-input', 'JSON has no text for an undefined member');
    const label = stringText(name);
    take(room, label.length);
    text += `${text === '' ? '{' : ','}${label}:${textOf(value, room)}`;
  }
  return text === '' ? '{}' : `${text}}`;
}

/** Anything that is not printable ASCII, and what must be escaped there. */
const UNUSUAL = /[^ !#-[\]-~]/;
const SURROGATE = /\p{Cs}/u;

function stringText(value: string): string {
  if (!UNUSUAL.test(value)) return `"${value}"`;
  if (SURROGATE.test(value)) throw new LedgerError('invalid-input', 'JSON has no text for a lone surrogate');
  return JSON.stringify(value);
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) throw new LedgerError('invalid-input', `JSON has no text for ${value}`);
  return String(value);
}
