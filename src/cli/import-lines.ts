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
    // The counter keeps 12 bytes: a collision would only make the ordinals differ, the same each time.
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
