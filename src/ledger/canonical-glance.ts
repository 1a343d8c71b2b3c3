/**
 * Telling at a glance, in one pass over the bytes, what is canonical JSON. Nearly everything that the ledger reads was
 * written by itself and is: this takes a fifth of the time of reading it as a text.
 */
import { isUtf8 } from 'node:buffer';
import { isPlainInteger, isProto, NUMERIC, PLAIN, RARE, rises, WORDS } from './json-bytes.js';
import { CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from './json-scanner.js';
import { MAX_BYTES, MAX_DEPTH } from './strict-json.js';

const BACKSLASH = 0x5c;
const SMALL_U = 0x75;
const ZERO = 0x30;

/** The escapes of two characters that RFC 8785 writes. */
const SHORT_ESCAPES = new Uint8Array(256).map((_, byte) =>
  Number('"\\bfnrt'.includes(String.fromCharCode(byte))),
);

/** After `\u00`, in RFC 8785: control characters that have no short escape, but for U+0000. */
const CONTROL_ESCAPE = /^(?:0[1-7be-f]|1[0-9a-f])$/;

/** No number's canonical form is longer than that. */
const LONGEST_NUMBER = 25;

const NOT = -1;

/**
 * True: the bytes are the RFC 8785 form of I-JSON of at most 64 levels, so that JSON.parse gives the value that the strict
 * parser does. False says nothing: they may be, in a rare spelling. Takes bytes of any size and kind.
 */
export function isCanonicalAtAGlance(bytes: Buffer): boolean {
  return bytes.length <= MAX_BYTES && isUtf8(bytes) && new Glance(bytes).isCanonical();
}

/**
 * For each open container where the name of the member being read begins and ends; 0 for an array's. One glance at a time
 * uses them: making them anew would take as long as a short text.
 */
const nameFrom = new Uint32Array(MAX_DEPTH + 1);
const nameTo = new Uint32Array(MAX_DEPTH + 1);

/** Methods that take a place give the place after what stands there, NOT where that is nothing plain. */
class Glance {
  private readonly bytes: Buffer;
  private level = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  isCanonical(): boolean {
    let at = 0;
    while (at !== NOT && at < this.bytes.length) {
      const level = this.level;
      at = this.begin(at);
      // a container was opened: its first value follows
      if (this.level > level) continue;
      at = this.afterEnds(at);
      if (this.level === 0) return at === this.bytes.length;
    }
    return false;
  }

  /** Read a scalar or an empty container, or open one and stand before its first value. */
  private begin(at: number): number {
    const byte = this.bytes[at];
    if (byte === QUOTE) return this.string(at);
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) return this.open(at, byte === OPEN_BRACE);
    return this.numberOrWord(at);
  }

  private open(at: number, isObject: boolean): number {
    if (this.level === MAX_DEPTH) return NOT;
    if (this.bytes[at + 1] === (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return at + 2;
    this.level++;
    nameFrom[this.level] = nameTo[this.level] = 0;
    return isObject ? this.member(at + 1) : at + 1;
  }

  /** After a value: pass over the ends of containers and stand before the next value. */
  private afterEnds(at: number): number {
    const { bytes } = this;
    for (let next = at; ; next++) {
      if (this.level === 0 || next === NOT) return next;
      const isObject = nameFrom[this.level] !== 0;
      const byte = bytes[next];
      if (byte === COMMA) return isObject ? this.member(next + 1) : next + 1;
      if (byte !== (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return NOT;
      this.level--;
    }
  }

  /** A member's name, which must come after the one before it, and its colon. */
  private member(at: number): number {
    const { bytes, level } = this;
    if (bytes[at] !== QUOTE) return NOT;
    let end = at + 1;
    while (PLAIN[bytes[end] ?? QUOTE] === 1) end++;
    if (bytes[end] !== QUOTE || bytes[end + 1] !== COLON) return NOT;
    const before = nameFrom[level] ?? 0;
    if (before !== 0 && !rises(bytes, before, nameTo[level] ?? 0, at + 1, end)) return NOT;
    if (isProto(bytes, at + 1, end)) return NOT;
    nameFrom[level] = at + 1;
    nameTo[level] = end;
    return end + 2;
  }

  private string(at: number): number {
    const { bytes } = this;
    for (let next = at + 1; next !== NOT;) {
      while (PLAIN[bytes[next] ?? QUOTE] === 1) next++;
      const byte = bytes[next];
      if (byte === QUOTE) return next + 1;
      next = byte === BACKSLASH ? this.escape(next) : this.rareCharacter(next);
    }
    return NOT;
  }

  private escape(at: number): number {
    const { bytes } = this;
    const mark = bytes[at + 1] ?? 0;
    if (SHORT_ESCAPES[mark] === 1) return at + 2;
    if (mark !== SMALL_U || bytes[at + 2] !== ZERO || bytes[at + 3] !== ZERO) return NOT;
    return CONTROL_ESCAPE.test(bytes.toString('latin1', at + 4, at + 6)) ? at + 6 : NOT;
  }

  /** U+F000 and beyond, without the noncharacters (Unicode, 23.7): U+FDD0–FDEF and the last two of each plane. */
  private rareCharacter(at: number): number {
    const [first = 0, second = 0, third = 0, fourth = 0] = this.bytes.subarray(at, at + 4);
    if (first < RARE) return NOT;
    if (first === RARE) {
      const isNoncharacter =
        (second === 0xb7 && third >= 0x90 && third <= 0xaf) || (second === 0xbf && third >= 0xbe);
      return isNoncharacter ? NOT : at + 3;
    }
    return (second & 0x0f) === 0x0f && third === 0xbf && fourth >= 0xbe ? NOT : at + 4;
  }

  private numberOrWord(at: number): number {
    const { bytes } = this;
    let end = at;
    while (NUMERIC[bytes[end] ?? QUOTE] === 1) end++;
    if (end === at) return this.word(at);
    if (end - at > LONGEST_NUMBER) return NOT;
    if (isPlainInteger(bytes, at, end)) return end;
    const literal = bytes.toString('latin1', at, end);
    return String(Number(literal)) === literal ? end : NOT;
  }

  private word(at: number): number {
    for (const word of WORDS) {
      if (this.bytes[at] !== word[0]) continue;
      const end = at + word.length;
      return this.bytes.subarray(at, end).equals(word) ? end : NOT;
    }
    return NOT;
  }
}
