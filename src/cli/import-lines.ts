/** Lines of an import file as events that all have an id, so that sending one twice records it once. */
import { createHash } from 'node:crypto';
import { eventIdFor } from '../ledger/identity.js';
import { DigestCounter } from './digest-counter.js';

export interface ImportLine {
  /** 1-based */
  readonly number: number;
  readonly bytes: Buffer;
}

/** What JSON counts as white space within a line: the API skips such lines as well. */
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d;

/**
 * Numbers lines and gives an id to those without one: the UUIDv5 of source, the line's bytes and its ordinal among equal
 * lines, so that two equal lines of one file are two events, and the same file sent again is the same events.
 */
export class IdentifiedLines {
  #number = 0;
  readonly #seen = new DigestCounter();

  /** @returns null for a line of white space, which is no event; the line as it is where the API must judge it */
  next(bytes: Buffer): ImportLine | null {
    this.#number += 1;
    if (bytes.every(isSpace)) return null;
    return { number: this.#number, bytes: this.#identify(bytes) };
  }

  #identify(bytes: Buffer): Buffer {
    const event = parseObject(bytes);
    if (event === null || Object.hasOwn(event, 'id') || typeof event.source !== 'string') return bytes;
    const digest = createHash('sha256').update(bytes).digest();
    // The counter keeps 9 bytes: a collision would only make the ordinals differ, the same each time.
    const id = eventIdFor(event.source, `${digest.toString('hex')}:${this.#seen.count(digest)}`);
    // Spliced in, not serialised again: the API sees the line's own spelling and refuses what it must.
    const open = bytes.indexOf('{');
    const rest = bytes.subarray(open + 1);
    return Buffer.concat([Buffer.from(`{"id":"${id}",`), rest]);
  }
}

function parseObject(bytes: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

const BYTE_ORDER_MARKS: readonly (readonly [string, Buffer])[] = [
  ['UTF-8 with a byte order mark', Buffer.of(0xef, 0xbb, 0xbf)],
  ['UTF-16', Buffer.of(0xff, 0xfe)],
  ['UTF-16', Buffer.of(0xfe, 0xff)],
];

/**
 * What a file's first line says of all of it, where none of its lines can be an event.
 * @returns what it is and what to do, to be read after its name; null when its lines may be events
 */
export function foreignForm(firstLine: Buffer): string | null {
  for (const [name, mark] of BYTE_ORDER_MARKS) {
    if (firstLine.subarray(0, mark.length).equals(mark))
      return `is ${name}; it must be UTF-8 without a byte order mark`;
  }
  // without its mark, too, half of what UTF-16 makes of ASCII is zeros
  if (firstLine.subarray(0, 4).includes(0)) return 'is no text in UTF-8: it holds zero bytes';
  const text = firstLine.toString('latin1', 0, 256).trim();
  if (text.startsWith('['))
    return "is a JSON array; it must have one event a line, as `jq -c '.[]'` writes them";
  if (text === '{')
    return 'has an event over several lines; it must have one event a line, as `jq -c .` writes them';
  return null;
}
