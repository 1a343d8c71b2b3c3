/**
 * The names of schema files: `<type>.schema.json`, where every byte of the type's UTF-8 other than A–Z, a–z, 0–9,
 * `.`, `_` and `-` is written as `%XX`, so that each type has one name that every file system takes.
 */
import { nameProblem } from '../ledger/name.js';

const SUFFIX = '.schema.json';

export function fileNameOf(type: string): string {
  let encoded = '';
  for (const byte of Buffer.from(type, 'utf8')) {
    const character = String.fromCharCode(byte);
    encoded += /[A-Za-z0-9._-]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded + SUFFIX;
}

/** @returns null for a name that belongs to no type */
export function typeOfFile(name: string): string | null {
  if (!name.endsWith(SUFFIX)) return null;
  const type = decode(name.slice(0, -SUFFIX.length));
  return type !== null && nameProblem(type) === null && fileNameOf(type) === name ? type : null;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
