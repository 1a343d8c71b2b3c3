/** Lines of an import file as events that all have an id, so that sending one twice records it once. */
import { hash } from 'node:crypto';
import { eventIdFor } from '../ledger/identity.js';
import { isObject } from '../ledger/json-object.js';
import { readQuickly } from '../ledger/quick-reader.js';
import { MAX_DEPTH } from '../ledger/strict-json.js';
import type { Json } from '../ledger/types.js';
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

  /** @returns a copy; null for a line of white space, which is no event; as it is where the API must judge it */
  next(bytes: Buffer): ImportLine | null {
    this.#number += 1;
    if (bytes.every(isSpace)) return null;
    return { number: this.#number, bytes: this.#identify(bytes) };
  }

  #identify(bytes: Buffer): Buffer {
    const event = envelopeIn(bytes);
    if (event === null || Object.hasOwn(event, 'id') || typeof event.source !== 'string')
      return Buffer.from(bytes);
    const digest = hash('sha256', bytes, 'buffer');
    // The counter keeps 9 bytes: a collision would only make the ordinals differ, the same each time.
    const id = eventIdFor(event.source, `${digest.toString('hex')}:${this.#seen.count(digest)}`);
    // Spliced in, not serialised again: the API sees the line's own spelling and refuses what it must.
    const open = bytes.indexOf('{');
    const rest = bytes.subarray(open + 1);
    return Buffer.concat([Buffer.from(`{"id":"${id}",`), rest]);
  }
}

/** What a line has beside its payload, which is most of it and is not looked at; null for a line that is no object. */
function envelopeIn(line: Buffer): Readonly<Record<string, Json>> | null {
  const value = readQuickly(line, MAX_DEPTH + 1)?.valueWithout('payload') ?? parsed(line);
  return isObject(value) ? value : null;
}

/** As JSON that the quick reader leaves to others: null when it is none. */
function parsed(line: Buffer): Json {
  try {
    return JSON.parse(line.toString()) as Json;
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
