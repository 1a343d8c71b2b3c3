/** Names of sources and types, and the other short texts of an event. */
import { sha256 } from './hash.js';

/** Longest name or short text, in bytes of UTF-8. */
export const MAX_TEXT_BYTES = 512;

/** The usual kind of name, told at a glance: nothing of it needs a second look. */
const PLAIN_NAME = /^[0-9A-Za-z_][0-9A-Za-z_.:/-]{0,200}$/;

const CONTROL = /\p{Cc}/u;
const SURROGATE = /\p{Cs}/u;
const NONCHARACTER = /\p{Noncharacter_Code_Point}/u;

/**
 * Why the door does not take this as a source or a type, null when it does: 1–512 bytes of UTF-8 without control
 * characters, surrogates, noncharacters or white space at the ends; not `.` or `..` (a URL would lose them), not
 * beginning with `~` (ours, see entryName) or `$` (the event log's).
 */
export function nameProblem(name: string): string | null {
  if (PLAIN_NAME.test(name)) return null;
  const problem = textProblem(name);
  if (problem !== null) return problem;
  if (name.trim() !== name) return 'must not begin or end with white space';
  if (name === '.' || name === '..') return `must not be '${name}'`;
  if (name.startsWith('~') || name.startsWith('$')) return `must not begin with '${name.charAt(0)}'`;
  return null;
}

/**
 * Why the door does not take this as an id, timestamp, actor or subject, null when it does: 1–512 bytes of UTF-8
 * without control characters (U+0000–001F, U+007F–009F), surrogates or noncharacters.
 */
export function textProblem(text: string): string | null {
  if (text === '') return 'must not be empty';
  // UTF-8 has no fewer bytes than UTF-16 has units: a text of megabytes is not measured
  if (text.length > MAX_TEXT_BYTES || Buffer.byteLength(text) > MAX_TEXT_BYTES) {
    return `must have at most ${MAX_TEXT_BYTES} bytes in UTF-8`;
  }
  return characterProblem(text);
}

/**
 * Why a text has characters that no short text may have, null when it has none: control characters (U+0000–001F,
 * U+007F–009F), lone surrogates, noncharacters. What it has then is what CloudEvents calls a String, too.
 */
export function characterProblem(text: string): string | null {
  if (CONTROL.test(text)) return 'must not contain control characters';
  if (SURROGATE.test(text)) return 'must not contain lone surrogates';
  if (NONCHARACTER.test(text)) return 'must not contain noncharacters';
  return null;
}

/** Sources that begin with `_` are the ledger's own: no client may write to them. */
export function isReserved(source: string): boolean {
  return source.startsWith('_');
}

/**
 * How a source or type stands in an entry: as it is when the door would take it, else as `~sha256:` and the hex
 * SHA-256 of its UTF-8. No name that the door takes begins with `~`, so the two never meet.
 */
export function entryName(name: string): string {
  return nameProblem(name) === null ? name : `~sha256:${sha256(Buffer.from(name, 'utf8'))}`;
}
