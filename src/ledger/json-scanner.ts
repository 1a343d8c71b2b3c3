/**
 * The characters of a JSON text (RFC 8259): white space, strings, numbers, words. The scanner knows what stands at
 * a place, not where that place is in the document; what I-JSON refuses in a scalar is left as a complaint for the
 * reader, which does.
 */
import { sameDecimal } from './decimal.js';

export const COMMA = 0x2c;
export const COLON = 0x3a;
export const QUOTE = 0x22;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const BACKSLASH = 0x5c;
const FIRST_SURROGATE = 0xd800;

/** Integers of so many digits are doubles, and their own canonical form. */
const EXACT_DIGITS = 15;

/** Literals up to this length are repeated in messages. */
const SHOWN = 40;

/** What I-JSON does not take in a string (RFC 7493, 2.1), and U+0000. */
export const UNACCEPTABLE = /[\0\p{Cs}\p{Noncharacter_Code_Point}]/u;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/** The text is no JSON. Thrown by the scanner, never seen outside of the parser. */
export class SyntaxFault extends Error {
  /** offset in UTF-16 code units */
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

/** What I-JSON refuses in a scalar. */
export interface Complaint {
  readonly keyword: 'character' | 'number';
  /** completes a sentence that begins with the value's or the name's place */
  readonly detail: string;
}

export class JsonScanner {
  /** no white space, escape or number so far that RFC 8785 would write otherwise */
  canonical = true;
  /** about the scalar read last */
  complaint: Complaint | null = null;
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Skip white space. @returns the code of the character that follows, NaN at the end of the text */
  peek(): number {
    let code = this.text.charCodeAt(this.at);
    while (code === SPACE || code === LF || code === CR || code === TAB) {
      this.canonical = false;
      code = this.text.charCodeAt(++this.at);
    }
    return code;
  }

  /** Take the character that peek() has shown. */
  skip(): void {
    this.at++;
  }

  scalar(): string | number | boolean | null {
    const code = this.peek();
    if (code === QUOTE) return this.string();
    if (code === MINUS || (code >= ZERO && code <= NINE)) return this.number(code);
    if (this.word('true')) return true;
    if (this.word('false')) return false;
    if (this.word('null')) return null;
    throw this.unexpected('a value');
  }

  string(): string {
    if (this.peek() !== QUOTE) throw this.unexpected('a string');
    const { text } = this;
    const start = this.at;
    let value = '';
    let from = start + 1;
    let at = from;
    let plain = true;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        value += text.slice(from, at);
        this.at = at;
        value += this.escape();
        at = from = this.at;
        plain = false;
        continue;
      }
      // also true for NaN, the end of the text
      if (!(code >= SPACE)) throw this.unexpected('a character of a string or its closing quote', at);
      if (code >= FIRST_SURROGATE) plain = false;
      at++;
    }
    this.at = at + 1;
    if (plain) return ownText(text, from, at);
    value += text.slice(from, at);
    this.inspect(value, start);
    return value;
  }

  /** @param expected completes "expected …" */
  unexpected(expected: string, at = this.at): SyntaxFault {
    const point = this.text.codePointAt(at);
    if (at === 0 && point === 0xfeff) return new SyntaxFault(0, 'unexpected byte order mark');
    const found =
      point === undefined ? 'the text ends' : `found ${JSON.stringify(String.fromCodePoint(point))}`;
    return new SyntaxFault(at, `expected ${expected} but ${found}`);
  }

  private word(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  /** Look at a string that has escapes, or characters from U+D800 on. */
  private inspect(value: string, start: number): void {
    const found = UNACCEPTABLE.exec(value)?.[0].codePointAt(0);
    if (found === undefined) {
      if (this.canonical) this.canonical = JSON.stringify(value) === this.text.slice(start, this.at);
      return;
    }
    const code = `U+${found.toString(16).toUpperCase().padStart(4, '0')}`;
    const isSurrogate = found >= 0xd800 && found <= 0xdfff;
    const what = found === 0 ? 'the character' : isSurrogate ? 'the lone surrogate' : 'the noncharacter';
    this.complaint = { keyword: 'character', detail: `must not contain ${what} ${code}` };
  }

  private escape(): string {
    const mark = this.text.charAt(this.at + 1);
    if (mark === 'u') {
      const digits = this.text.slice(this.at + 2, this.at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.unexpected("four hexadecimal digits after '\\u'");
      this.at += 6;
      return String.fromCharCode(parseInt(digits, 16));
    }
    const character = ESCAPES.get(mark);
    if (character === undefined) throw this.unexpected('an escape sequence', this.at + 1);
    this.at += 2;
    return character;
  }

  private number(first: number): number {
    const { text } = this;
    const start = this.at;
    const whole = first === MINUS ? start + 1 : start;
    let at = this.afterDigits(whole);
    if (text.charCodeAt(whole) === ZERO && at > whole + 1) {
      throw this.unexpected('no digit after a leading zero', whole + 1);
    }
    let code = text.charCodeAt(at);
    const isInteger = code !== POINT && !isExponentMark(code);
    if (code === POINT) {
      at = this.afterDigits(at + 1);
      code = text.charCodeAt(at);
    }
    if (isExponentMark(code)) {
      const sign = text.charCodeAt(at + 1);
      at = this.afterDigits(sign === PLUS || sign === MINUS ? at + 2 : at + 1);
    }
    this.at = at;
    const literal = text.slice(start, at);
    return isInteger && first !== MINUS && literal.length <= EXACT_DIGITS
      ? Number(literal)
      : this.exact(literal);
  }

  /** Take one digit or more. */
  private afterDigits(from: number): number {
    const { text } = this;
    let at = from;
    for (let code = text.charCodeAt(at); code >= ZERO && code <= NINE; code = text.charCodeAt(at)) at++;
    if (at === from) throw this.unexpected('a digit', from);
    return at;
  }

  private exact(literal: string): number {
    const value = Number(literal);
    const canonical = String(value);
    if (canonical === literal) return value;
    this.canonical = false;
    if (!Number.isFinite(value) || !sameDecimal(literal, canonical)) {
      const shown = literal.length <= SHOWN ? `, not ${literal}` : '';
      const detail = `must be a number that a double holds exactly (it would become ${canonical}${shown})`;
      this.complaint = { keyword: 'number', detail };
    }
    // -0 has the canonical form 0
    return value + 0;
  }
}

/** V8 copies slices that are shorter. */
const COPIED = 13;

/**
 * A part of a text as a string of its own. A plain slice keeps the whole text in memory for as long as it lives, so
 * that one short name kept somewhere would keep the whole request.
 */
function ownText(text: string, from: number, to: number): string {
  const slice = text.slice(from, to);
  const isSmallPart = slice.length >= COPIED && slice.length < text.length / 2;
  return isSmallPart ? ` ${slice}`.slice(1) : slice;
}

function isExponentMark(code: number): boolean {
  return code === 0x65 || code === 0x45;
}
