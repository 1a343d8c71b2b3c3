/** Canonical JSON (RFC 8785): one text for one value, so that hashes can be taken of it. */
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
  if (typeof value === 'string') return stringText(value);
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value === null) return 'null';
  if (Array.isArray(value)) return arrayText(value as readonly Json[]);
  if (typeof value === 'object') return objectText(value as Readonly<Record<string, Json>>);
  throw new LedgerError('invalid-input', `JSON has no text for a value of type ${typeof value}`);
}

/** The canonical text as UTF-8: the bytes that are recorded and hashed. */
export function canonicalBytes(value: Json): Buffer {
  return Buffer.from(canonicalJson(value), 'utf8');
}

/**
 * Read bytes that may be anything, of any size.
 * @returns null when they are not I-JSON of at most 64 levels; else their value, and whether they are its canonical
 *   form
 */
export function readCanonical(bytes: Buffer): { readonly canonical: boolean; readonly value: Json } | null {
  const parsed = parseStrictJson(bytes);
  return parsed.ok ? { canonical: parsed.canonical, value: parsed.value } : null;
}

function arrayText(items: readonly Json[]): string {
  let text = '';
  for (const item of items) text += `${text === '' ? '[' : ','}${canonicalJson(item)}`;
  return text === '' ? '[]' : `${text}]`;
}

function objectText(members: Readonly<Record<string, Json>>): string {
  let text = '';
  // the default order of sort() is that of UTF-16 code units
  for (const name of Object.keys(members).sort()) {
    const value = members[name];
    if (value === undefined)
      throw new LedgerError('invalid-input', 'JSON has no text for an undefined member');
    text += `${text === '' ? '{' : ','}${stringText(name)}:${canonicalJson(value)}`;
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
