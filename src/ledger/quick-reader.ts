/**
 * Reading JSON as it usually is: strictly, and with its canonical form made in the same pass over the bytes. What is
 * refused, and what is rare, is left to the careful reader (strict-json.ts), which can say where and why.
 */
import { isUtf8 } from 'node:buffer';
import { sameDecimal } from './decimal.js';
import { isPlainInteger, isProto, NUMERIC, PLAIN, RARE as RARE_BYTE, rises, WORDS } from './json-bytes.js';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  UNACCEPTABLE,
} from './json-scanner.js';
import { Rewriting } from './rewriting.js';
import type { Json } from './types.js';

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const BACKSLASH = 0x5c;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Thrown for what the careful reader has to look at; never seen outside. One for all, as it says nothing. */
const RARE = new Error('not for the quick reader');

/**
 * Of each member of the objects being read: where its name begins and ends, and where it begins and its value in the
 * canonical form. One document at a time is read: an array for each would grow, shrink, and grow again with its objects.
 */
const scratch: number[] = [];

/** A longer one is not kept for the next document. */
const LONGEST_SCRATCH = 16_384;

/**
 * @param maxDepth levels that the whole document may have
 * @returns null where the careful reader has to be asked; else the bytes are I-JSON
 */
export function readQuickly(bytes: Uint8Array, maxDepth: number): QuickReader | null {
  if (!isUtf8(bytes)) return null;
  try {
    const { buffer, byteOffset, length } = bytes;
    return new QuickReader(
      Buffer.isBuffer(bytes) ? bytes : Buffer.from(buffer, byteOffset, length),
      maxDepth,
    );
  } catch (error) {
    if (error === RARE) return null;
    throw error;
  }
}

/** A document that was read. Containers nest no deeper than allowed, and so does the recursion. */
export class QuickReader {
  /** the bytes are the value's canonical form */
  readonly canonical: boolean;
  private readonly bytes: Buffer;
  private readonly maxDepth: number;
  private readonly form: Rewriting;
  private at = 0;
  /** how much of the scratch is in use */
  private used = 0;
  /** what it said of the document's own members */
  private readonly places: readonly number[];

  /** @throws RARE */
  constructor(bytes: Buffer, maxDepth: number) {
    this.bytes = bytes;
    this.maxDepth = maxDepth;
    this.form = new Rewriting(bytes);
    this.space();
    this.read(0);
    this.space();
    if (this.at !== bytes.length) throw RARE;
    this.canonical = this.form.isTheSame;
    this.form.end();
    this.places = scratch.slice(0, this.used);
    if (scratch.length > LONGEST_SCRATCH) scratch.length = 0;
  }

  /** The same that the careful reader gives. */
  value(): Json {
    return JSON.parse(this.bytes.toString()) as Json;
  }

  /** The same, with null in the place of what a member of the document has, which can be asked for as memberForm. */
  valueWithout(name: string): Json {
    const { form } = this;
    const place = this.placeOf(name);
    if (place === null) return this.value();
    const before = form.part(0, place.begin).toString();
    const after = form.part(place.end, form.length).toString();
    return JSON.parse(`${before}null${after}`) as Json;
  }

  /** The canonical form of what a member of the document has; null where it has none of that name, or is no object. */
  memberForm(name: string): Buffer | null {
    const place = this.placeOf(name);
    return place === null ? null : this.form.part(place.begin, place.end);
  }

  /** Where in the canonical form stands what a member of the document has. */
  private placeOf(name: string): { readonly begin: number; readonly end: number } | null {
    const { bytes, places, form } = this;
    const length = Buffer.byteLength(name);
    for (let n = 0; n < places.length; n += PLACES) {
      const from = places[n] ?? 0;
      const to = places[n + 1] ?? 0;
      if (to - from !== length || bytes.toString('utf8', from, to) !== name) continue;
      // before the comma that the next one comes after, or the brace at the end
      return { begin: places[n + 3] ?? 0, end: (places[n + PLACES + 2] ?? form.length) - 1 };
    }
    return null;
  }

  private read(level: number): void {
    const { bytes } = this;
    const byte = bytes[this.at] ?? 0;
    if (byte === QUOTE) this.string();
    else if (byte === OPEN_BRACE) this.object(level);
    else if (byte === OPEN_BRACKET) this.array(level);
    else if (NUMERIC[byte] === 1) this.number();
    else this.word();
  }

  private object(level: number): void {
    const first = this.used;
    const begin = this.form.placeOf(this.at);
    this.open(level);
    if (this.takes(CLOSE_BRACE)) return;
    let rising = true;
    for (;;) {
      const isAfter = this.member(first, level);
      rising &&= isAfter;
      this.space();
      if (this.takes(CLOSE_BRACE)) break;
      this.comma();
    }
    if (!rising) this.sort(first, begin, level);
    if (level > 0) this.used = first;
  }

  /** @returns whether its name comes after that of the member before it */
  private member(first: number, level: number): boolean {
    const { bytes, form } = this;
    const from = this.at + 1;
    const to = this.name();
    const place = this.used;
    const last = place - PLACES;
    const isAfter = last < first || rises(bytes, scratch[last] ?? 0, scratch[last + 1] ?? 0, from, to);
    const begin = form.placeOf(from - 1);
    this.space();
    if (!this.takes(COLON)) throw RARE;
    this.space();
    scratch[place] = from;
    scratch[place + 1] = to;
    scratch[place + 2] = begin;
    scratch[place + 3] = form.placeOf(this.at);
    this.used = place + PLACES;
    this.read(level + 1);
    return isAfter;
  }

  private array(level: number): void {
    this.open(level);
    if (this.takes(CLOSE_BRACKET)) return;
    for (;;) {
      this.read(level + 1);
      this.space();
      if (this.takes(CLOSE_BRACKET)) return;
      this.comma();
    }
  }

  private open(level: number): void {
    if (level === this.maxDepth) throw RARE;
    this.at++;
    this.space();
  }

  private comma(): void {
    if (!this.takes(COMMA)) throw RARE;
    this.space();
  }

  /** Put the members of the object that was just read in order. @throws RARE when two of them share a name */
  private sort(first: number, begin: number, level: number): void {
    const count = (this.used - first) / PLACES;
    const room = roomFor(count);
    const { order } = room;
    for (let n = 0; n < count; n++) order[n] = first + n * PLACES;
    if (count > FEW) order.sort((a, b) => (this.comesAfter(a, b) ? 1 : -1));
    else this.sortFew(order, count);
    for (let n = 1; n < count; n++) {
      if (!this.comesAfter(order[n] ?? 0, order[n - 1] ?? 0)) throw RARE;
    }
    // the document's own members are asked for by name
    if (level === 0) this.form.noteChange();
    else this.reorder(room, count, begin);
  }

  /** The usual sort takes as long for a few as reading them did. */
  private sortFew(order: Uint32Array, count: number): void {
    for (let n = 1; n < count; n++) {
      const member = order[n] ?? 0;
      let at = n;
      for (; at > 0 && this.comesAfter(order[at - 1] ?? 0, member); at--) order[at] = order[at - 1] ?? 0;
      order[at] = member;
    }
  }

  private comesAfter(member: number, before: number): boolean {
    const from = scratch[member] ?? 0;
    const to = scratch[member + 1] ?? 0;
    return rises(this.bytes, scratch[before] ?? 0, scratch[before + 1] ?? 0, from, to);
  }

  private reorder({ order, begins, ends }: SortingRoom, count: number, begin: number): void {
    const { form, used } = this;
    const end = form.placeOf(this.at) - 1;
    for (let n = 0; n < count; n++) {
      const member = order[n] ?? 0;
      const next = member + PLACES;
      begins[n] = scratch[member + 2] ?? 0;
      // before the comma that the next one comes after
      ends[n] = next < used ? (scratch[next + 2] ?? 0) - 1 : end;
    }
    form.reorder({ begin: begin + 1, end, count, begins, ends }, this.at);
  }

  /** Read a member's name. @returns where it ends, within its quotes */
  private name(): number {
    const { bytes } = this;
    if (bytes[this.at] !== QUOTE) throw RARE;
    const from = this.at + 1;
    let end = from;
    while (PLAIN[bytes[end] ?? QUOTE] === 1) end++;
    if (bytes[end] !== QUOTE || isProto(bytes, from, end)) throw RARE;
    this.at = end + 1;
    return end;
  }

  private string(): void {
    const { bytes } = this;
    const start = this.at;
    let end = start + 1;
    while (PLAIN[bytes[end] ?? QUOTE] === 1) end++;
    if (bytes[end] === QUOTE) this.at = end + 1;
    else this.unusualString(start, end);
  }

  /** A string that has escapes, or characters that may be noncharacters. */
  private unusualString(start: number, from: number): void {
    const { bytes } = this;
    let end = from;
    for (let byte = bytes[end]; byte !== QUOTE; byte = bytes[end]) {
      if (byte === undefined || (byte !== BACKSLASH && byte < RARE_BYTE && PLAIN[byte] !== 1)) throw RARE;
      end += byte === BACKSLASH ? 2 : 1;
    }
    this.at = end + 1;
    const literal = bytes.toString('utf8', start, this.at);
    const value = stringIn(literal);
    if (UNACCEPTABLE.test(value)) throw RARE;
    const form = JSON.stringify(value);
    if (form !== literal) this.form.replace(start, this.at, form);
  }

  private number(): void {
    const { bytes } = this;
    const start = this.at;
    while (NUMERIC[bytes[this.at] ?? QUOTE] === 1) this.at++;
    if (isPlainInteger(bytes, start, this.at)) return;
    const literal = bytes.toString('latin1', start, this.at);
    const form = numberForm(literal);
    if (form !== literal) this.form.replace(start, this.at, form);
  }

  private word(): void {
    const { bytes, at } = this;
    const word = WORDS.find((each) => bytes[at] === each[0]);
    if (word === undefined || !bytes.subarray(at, at + word.length).equals(word)) throw RARE;
    this.at += word.length;
  }

  private space(): void {
    const { bytes } = this;
    if ((bytes[this.at] ?? QUOTE) > SPACE) return;
    const start = this.at;
    while (isSpace(bytes[this.at])) this.at++;
    if (this.at > start) this.form.replace(start, this.at, '');
  }

  private takes(byte: number): boolean {
    if (this.bytes[this.at] !== byte) return false;
    this.at++;
    return true;
  }
}

const PLACES = 4;

/** Members that are sorted by hand, and for which room is kept. */
const FEW = 20;

/** The members of one object in order, and where in the canonical form each of them begins and ends. */
interface SortingRoom {
  readonly order: Uint32Array;
  readonly begins: Uint32Array;
  readonly ends: Uint32Array;
}

const newRoom = (count: number): SortingRoom => ({
  order: new Uint32Array(count),
  begins: new Uint32Array(count),
  ends: new Uint32Array(count),
});

const roomForFew = newRoom(FEW);

function roomFor(count: number): SortingRoom {
  return count > FEW ? newRoom(count) : roomForFew;
}

function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === LF || byte === CR || byte === TAB;
}

/** What a string with escapes says. */
function stringIn(literal: string): string {
  try {
    return JSON.parse(literal) as string;
  } catch {
    throw RARE;
  }
}

function numberForm(literal: string): string {
  const value = Number(literal);
  const form = String(value);
  if (form === literal) return form;
  // JSON.parse keeps the sign of a zero
  if (!NUMBER.test(literal) || !Number.isFinite(value) || Object.is(value, -0)) throw RARE;
  if (!sameDecimal(literal, form)) throw RARE;
  return form;
}
