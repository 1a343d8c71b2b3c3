/**
 * JSON as the ledger takes it: I-JSON (RFC 7493) with a limit of depth, read strictly and never repaired.
 *
 * One pass builds the value and learns whether the text is its own canonical form (RFC 8785). There is no
 * recursion, and time and memory grow with the length of the text alone, so that any bytes may be given.
 */
import { sameDecimal } from './decimal.js';
import { pointerOf } from './json-pointer.js';
import type { Json } from './types.js';

export interface JsonProblem {
  /** JSON Pointer from the document's root; '' where the text has no structure to point into */
  readonly pointer: string;
  /** what rule was broken, a word to program against */
  readonly keyword: string;
  /** the same for people; never longer than a line */
  readonly detail: string;
}

export type ParsedJson =
  | {
      readonly ok: true;
      readonly value: Json;
      /** is the text its own RFC 8785 form? */ readonly canonical: boolean;
    }
  /** `syntax`: no JSON at all, or no UTF-8; `i-json`: JSON that I-JSON or our limits refuse */
  | { readonly ok: false; readonly kind: 'syntax' | 'i-json'; readonly problem: JsonProblem };

/** Levels of nesting that a payload may have: a scalar has 0, `[]` has 1. */
export const MAX_DEPTH = 64;

/** The longest text that Node can hold as a string, as a fixed number: verdicts must not depend on a version. */
const MAX_BYTES = 536_870_888;

/**
 * Read one JSON document.
 *
 * Syntax comes first: a document that is no JSON is reported as such, whatever else is wrong before that place.
 * Otherwise the first problem in document order is reported. Zero is given without a sign; objects are plain and
 * never have a member named `__proto__`.
 * @param options.maxDepth levels that the whole document may have; 64 unless given
 */
export function parseStrictJson(bytes: Uint8Array, options?: { readonly maxDepth?: number }): ParsedJson {
  if (bytes.length > MAX_BYTES) {
    return refused('i-json', {
      pointer: '',
      keyword: 'size',
      detail: `must have at most ${MAX_BYTES} bytes`,
    });
  }
  const text = decode(bytes);
  if (text === null) {
    return refused('syntax', {
      pointer: '',
      keyword: 'utf-8',
      detail: `invalid UTF-8 at byte ${firstInvalidByte(bytes)}`,
    });
  }
  const reader = new Reader(text, options?.maxDepth ?? MAX_DEPTH);
  try {
    const value = reader.document();
    if (reader.problem !== null) return refused('i-json', reader.problem);
    return { ok: true, value, canonical: reader.canonical };
  } catch (fault) {
    if (fault instanceof SyntaxFault) return refused('syntax', fault.problem(text));
    throw fault;
  }
}

function refused(kind: 'syntax' | 'i-json', problem: JsonProblem): ParsedJson {
  return { ok: false, kind, problem };
}

// ---------------------------------------------------------------------------------------------- UTF-8

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string | null {
  try {
    return UTF8.decode(bytes);
  } catch {
    return null;
  }
}

/** Where a lenient decoder first puts a replacement character that is not in the bytes. */
function firstInvalidByte(bytes: Uint8Array): number {
  let offset = 0;
  for (const character of new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)) {
    if (
      character === '\uFFFD' &&
      !(bytes[offset] === 0xef && bytes[offset + 1] === 0xbf && bytes[offset + 2] === 0xbd)
    ) {
      break;
    }
    offset += Buffer.byteLength(character);
  }
  return offset;
}

// ---------------------------------------------------------------------------------------------- reading

class SyntaxFault extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }

  problem(text: string): JsonProblem {
    let line = 1;
    let lineStart = 0;
    for (let next = text.indexOf('\n'); next !== -1 && next < this.at; next = text.indexOf('\n', next + 1)) {
      line++;
      lineStart = next + 1;
    }
    const place = `line ${line}, column ${this.at - lineStart + 1} (offset ${this.at})`;
    return { pointer: '', keyword: 'syntax', detail: `${this.message} at ${place}` };
  }
}

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const ARRAY = 0;
const OBJECT = 1;

/** Integers of so many digits are their own canonical form. */
const SAFE_DIGITS = 15;

const UNACCEPTABLE = /[\0\p{Cs}\p{Noncharacter_Code_Point}]/u;

const ESCAPED: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Open containers are kept on stacks of our own. After the first problem nothing is built, only syntax is read. */
class Reader {
  canonical = true;
  /** the first thing that I-JSON or our limits refuse */
  problem: JsonProblem | null = null;

  private at = 0;
  private level = 0;
  /** ARRAY or OBJECT for each level, also beyond the limit of depth */
  private kinds = new Uint8Array(256);
  private readonly containers: (Json[] | Record<string, Json>)[] = [];
  /** the member being read at each level that is an object, '' before the first */
  private readonly names: string[] = [];
  private readonly text: string;
  private readonly maxDepth: number;

  constructor(text: string, maxDepth: number) {
    this.text = text;
    this.maxDepth = maxDepth;
  }

  document(): Json {
    for (;;) {
      let value = this.begin();
      if (value === undefined) continue;
      for (;;) {
        if (this.level === 0) {
          if (!Number.isNaN(this.next())) throw this.unexpected('the end');
          return value;
        }
        this.put(value);
        if (!this.end()) break;
        value = this.close();
      }
    }
  }

  /** Read a scalar or an empty container; undefined when a container was opened and a value must follow. */
  private begin(): Json | undefined {
    const code = this.next();
    if (code === OPEN_BRACE) {
      this.open(OBJECT);
      if (this.next() !== CLOSE_BRACE) {
        this.member();
        return undefined;
      }
      this.at++;
      return this.close();
    }
    if (code === OPEN_BRACKET) {
      this.open(ARRAY);
      if (this.next() !== CLOSE_BRACKET) return undefined;
      this.at++;
      return this.close();
    }
    if (code === QUOTE) return this.string(false);
    if (code === MINUS || (code >= ZERO && code <= NINE)) return this.number(code);
    return this.word();
  }

  /** After a value: true when the innermost container ends here, false when another value follows. */
  private end(): boolean {
    const code = this.next();
    const inObject = this.kinds[this.level] === OBJECT;
    if (code === COMMA) {
      this.at++;
      if (inObject) {
        this.next();
        this.member();
      }
      return false;
    }
    if (code !== (inObject ? CLOSE_BRACE : CLOSE_BRACKET))
      throw this.unexpected(inObject ? "',' or '}'" : "',' or ']'");
    this.at++;
    return true;
  }

  /** Skip white space; NaN at the end of the text. */
  private next(): number {
    let code = this.text.charCodeAt(this.at);
    while (code === SPACE || code === LF || code === CR || code === TAB) {
      this.canonical = false;
      code = this.text.charCodeAt(++this.at);
    }
    return code;
  }

  // -------------------------------------------------------------------------------------- containers

  private open(kind: number): void {
    this.at++;
    if (this.problem === null && this.level === this.maxDepth) {
      this.refuse('depth', `must have at most ${this.maxDepth} levels of arrays and objects`);
    }
    this.level++;
    if (this.level === this.kinds.length) this.growKinds();
    this.kinds[this.level] = kind;
    if (this.problem !== null) return;
    this.containers[this.level] = kind === OBJECT ? {} : [];
    this.names[this.level] = '';
  }

  private growKinds(): void {
    const larger = new Uint8Array(this.kinds.length * 2);
    larger.set(this.kinds);
    this.kinds = larger;
  }

  private put(value: Json): void {
    if (this.problem !== null) return;
    const container = this.container(this.level);
    if (Array.isArray(container)) container.push(value);
    else container[this.names[this.level] ?? ''] = value;
  }

  private close(): Json {
    const level = this.level--;
    return this.problem === null ? this.container(level) : null;
  }

  private container(level: number): Json[] | Record<string, Json> {
    const container = this.containers[level];
    if (container === undefined) throw new RangeError(`no container is open at level ${level}`);
    return container;
  }

  /** Read a member's name and colon. */
  private member(): void {
    if (this.text.charCodeAt(this.at) !== QUOTE) throw this.unexpected('a member name in quotes');
    const before = this.names[this.level] ?? '';
    const name = this.string(true);
    if (this.problem === null) this.name(name, before);
    if (this.next() !== COLON) throw this.unexpected("':'");
    this.at++;
  }

  private name(name: string, before: string): void {
    const container = this.container(this.level);
    this.names[this.level] = name;
    if (name === '__proto__') this.refuse('member-name', "must not be named '__proto__'");
    else if (Object.hasOwn(container, name)) this.refuse('duplicate-member', 'must not be given twice');
    else if (name < before) this.canonical = false;
  }

  // ----------------------------------------------------------------------------------------- scalars

  private word(): Json {
    const { text, at } = this;
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (text.startsWith(word, at)) {
        this.at += word.length;
        return value;
      }
    }
    throw this.unexpected('a value');
  }

  private string(isName: boolean): string {
    const { text } = this;
    const start = this.at;
    let value = '';
    let from = start + 1;
    let at = from;
    let suspicious = false;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        value += text.slice(from, at);
        this.at = at;
        value += this.escape();
        from = at = this.at;
        suspicious = true;
        continue;
      }
      // NaN, the end of the text, is no number at all
      if (!(code >= SPACE)) {
        this.at = at;
        throw this.unexpected('the end of a string, control characters escaped');
      }
      if (code >= 0xd800) suspicious = true;
      at++;
    }
    this.at = at + 1;
    value = from === start + 1 ? text.slice(from, at) : value + text.slice(from, at);
    if (suspicious && this.problem === null) this.inspect(value, start, isName);
    return value;
  }

  /** Look at a string that has escapes or characters from U+D800 on. */
  private inspect(value: string, start: number, isName: boolean): void {
    if (this.canonical && JSON.stringify(value) !== this.text.slice(start, this.at)) this.canonical = false;
    const found = UNACCEPTABLE.exec(value)?.[0].codePointAt(0);
    if (found === undefined) return;
    const code = `U+${found.toString(16).toUpperCase().padStart(4, '0')}`;
    const what =
      found === 0
        ? 'the character'
        : found >= 0xd800 && found <= 0xdfff
          ? 'the lone surrogate'
          : 'the noncharacter';
    const where = isName ? 'must have no member whose name contains' : 'must not contain';
    // a name that cannot be written cannot be pointed at: the object that has it can
    this.refuse('character', `${where} ${what} ${code}`, isName ? this.tokens().slice(0, -1) : this.tokens());
  }

  private escape(): string {
    const mark = this.text.charAt(this.at + 1);
    if (mark === 'u') {
      const digits = this.text.slice(this.at + 2, this.at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.unexpected("four hexadecimal digits after '\\u'");
      this.at += 6;
      return String.fromCharCode(parseInt(digits, 16));
    }
    const character = ESCAPED[mark];
    if (character === undefined || mark === '') throw this.unexpected('an escape sequence of JSON');
    this.at += 2;
    return character;
  }

  private number(first: number): number {
    const { text } = this;
    const start = this.at;
    let at = first === MINUS ? start + 1 : start;
    const wholeStart = at;
    at = this.digits(at);
    if (at - wholeStart > 1 && text.charCodeAt(wholeStart) === ZERO) {
      this.at = wholeStart + 1;
      throw this.unexpected("'.', 'e' or the end of the number after a leading zero");
    }
    let code = text.charCodeAt(at);
    if (code !== POINT && (code | 0x20) !== 0x65) {
      this.at = at;
      return this.integer(text.slice(start, at));
    }
    if (code === POINT) {
      at = this.digits(at + 1);
      code = text.charCodeAt(at);
    }
    if ((code | 0x20) === 0x65) {
      const sign = text.charCodeAt(at + 1);
      at = this.digits(sign === PLUS || sign === MINUS ? at + 2 : at + 1);
    }
    this.at = at;
    return this.exactly(text.slice(start, at));
  }

  /** Skip one digit or more. */
  private digits(from: number): number {
    let at = from;
    for (let code = this.text.charCodeAt(at); code >= ZERO && code <= NINE; code = this.text.charCodeAt(at))
      at++;
    if (at > from) return at;
    this.at = from;
    throw this.unexpected('a digit');
  }

  private integer(literal: string): number {
    if (literal.length > SAFE_DIGITS || literal === '-0') return this.exactly(literal);
    return Number(literal);
  }

  private exactly(literal: string): number {
    const value = Number(literal);
    const canonical = String(value);
    if (canonical === literal) return value;
    this.canonical = false;
    if (this.problem === null && !(Number.isFinite(value) && sameDecimal(literal, canonical))) {
      this.refuse(
        'number',
        'must be a number that a double-precision number gives back exactly',
        this.tokens(),
      );
    }
    return value + 0;
  }

  // ---------------------------------------------------------------------------------------- problems

  /** The place being read: for each open container the member or the index. */
  private tokens(): (string | number)[] {
    const tokens: (string | number)[] = [];
    for (let level = 1; level <= this.level; level++) {
      const container = this.container(level);
      tokens.push(Array.isArray(container) ? container.length : (this.names[level] ?? ''));
    }
    return tokens;
  }

  private refuse(keyword: string, detail: string, tokens = this.tokens()): void {
    this.problem = { pointer: pointerOf(tokens), keyword, detail };
    this.canonical = false;
  }

  private unexpected(expected: string): SyntaxFault {
    const point = this.text.codePointAt(this.at);
    if (this.at === 0 && point === 0xfeff) return new SyntaxFault(0, 'unexpected byte order mark');
    const found =
      point === undefined ? 'the text ends' : `found ${JSON.stringify(String.fromCodePoint(point))}`;
    return new SyntaxFault(this.at, `expected ${expected}, ${found}`);
  }
}
