/**
 * JSON as the ledger takes it: I-JSON (RFC 7493) with a limit of depth, read strictly and never repaired.
 *
 * Most texts are read by the quick reader. The careful one, here, builds the value in one pass, learns whether the text is
 * its own canonical form (RFC 8785), and says what is wrong and where. It has no recursion, and time and memory grow with
 * the length of the text alone, so that any bytes may be given.
 */
import { pointerOf } from './json-pointer.js';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  JsonScanner,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SyntaxFault,
} from './json-scanner.js';
import { readQuickly } from './quick-reader.js';
import type { Json } from './types.js';
import { decodeUtf8, firstInvalidByte } from './utf8.js';

export interface JsonProblem {
  /** JSON Pointer from the document's root; '' where the text has no structure to point into */
  readonly pointer: string;
  /** the rule that is broken, a word to program against */
  readonly keyword: string;
  /** the same for people, one line */
  readonly detail: string;
}

export type ParsedJson =
  /** `canonical`: the text is the value's RFC 8785 form */
  | { readonly ok: true; readonly value: Json; readonly canonical: boolean }
  /** `syntax`: no JSON, or no UTF-8 (keywords `syntax`, `utf-8`); `i-json`: JSON that is refused (the others) */
  | { readonly ok: false; readonly kind: 'syntax' | 'i-json'; readonly problem: JsonProblem };

/** Levels of arrays and objects that a payload may have: a scalar has 0, `[]` has 1. */
export const MAX_DEPTH = 64;

/** The longest text that fits in a string, as a number of our own: verdicts depend on no engine's version. */
export const MAX_BYTES = 536_870_888;

/**
 * Read one JSON document.
 *
 * A document that is no JSON is reported as such, whatever I-JSON says about what stands before that place.
 * Otherwise the first problem in document order is reported: `duplicate-member`, `member-name`, `character`,
 * `number`, `depth` or `size`. Negative zero is given as 0; objects are plain, without a member `__proto__`.
 * @param options.maxDepth levels that the whole document may have, 64 unless given
 */
export function parseStrictJson(bytes: Uint8Array, options?: { readonly maxDepth?: number }): ParsedJson {
  const quick = bytes.length > MAX_BYTES ? null : readQuickly(bytes, options?.maxDepth ?? MAX_DEPTH);
  if (quick === null) return readCarefully(bytes, options);
  return { ok: true, value: quick.value(), canonical: quick.canonical };
}

/** The same answer, whatever is rare about the text or wrong with it. */
export function readCarefully(bytes: Uint8Array, options?: { readonly maxDepth?: number }): ParsedJson {
  return read(bytes, options?.maxDepth ?? MAX_DEPTH, null);
}

/** @param known a problem that is known already: the text is read for its syntax only */
function read(bytes: Uint8Array, maxDepth: number, known: JsonProblem | null): ParsedJson {
  if (bytes.length > MAX_BYTES) return refused('i-json', 'size', `must have at most ${MAX_BYTES} bytes`);
  const text = decodeUtf8(bytes);
  if (text === null) return refused('syntax', 'utf-8', `invalid UTF-8 at byte ${firstInvalidByte(bytes)}`);
  const reader = new Reader(text, maxDepth);
  reader.problem = known;
  try {
    const value = reader.document();
    if (reader.problem !== null) return { ok: false, kind: 'i-json', problem: reader.problem };
    return { ok: true, value, canonical: reader.canonical };
  } catch (fault) {
    if (!(fault instanceof SyntaxFault)) throw fault;
    return refused('syntax', 'syntax', `${fault.message} at ${placeOf(fault.at, text)}`);
  }
}

/**
 * Why bytes are no JSON, null when they are: what parseStrictJson says of them with the keywords `syntax` and `utf-8`.
 * Nothing is built, and what I-JSON refuses is not looked for.
 */
export function syntaxProblem(bytes: Uint8Array): JsonProblem | null {
  const parsed = read(bytes, MAX_DEPTH, { pointer: '', keyword: 'none', detail: '' });
  return !parsed.ok && parsed.kind === 'syntax' ? parsed.problem : null;
}

function refused(kind: 'syntax' | 'i-json', keyword: string, detail: string): ParsedJson {
  return { ok: false, kind, problem: { pointer: '', keyword, detail } };
}

function placeOf(at: number, text: string): string {
  let line = 1;
  let lineStart = 0;
  for (let end = text.indexOf('\n'); end !== -1 && end < at; end = text.indexOf('\n', lineStart)) {
    line++;
    lineStart = end + 1;
  }
  return `line ${line}, column ${at - lineStart + 1} (offset ${at})`;
}

const ARRAY = 0;
const OBJECT = 1;

/**
 * Puts values where they belong. Open containers are on stacks of our own. After the first problem nothing is
 * built any more: the rest is read for its syntax.
 */
class Reader {
  /** the first thing that I-JSON or our limits refuse */
  problem: JsonProblem | null = null;

  private readonly scanner: JsonScanner;
  private readonly maxDepth: number;
  private sorted = true;
  private level = 0;
  /** ARRAY or OBJECT for each level, also beyond the limit of depth */
  private kinds = new Uint8Array(128);
  /** what is being built at each level, from 1 on */
  private readonly containers: (Json[] | Record<string, Json>)[] = [[]];
  /** at each level that is an object, the member being read; '' before the first */
  private readonly names: string[] = [''];

  constructor(text: string, maxDepth: number) {
    this.scanner = new JsonScanner(text);
    this.maxDepth = maxDepth;
  }

  get canonical(): boolean {
    return this.sorted && this.scanner.canonical;
  }

  document(): Json {
    for (;;) {
      let value = this.begin();
      if (value === undefined) continue;
      while (this.level > 0) {
        this.put(value);
        if (!this.ends()) break;
        value = this.close();
      }
      if (this.level > 0) continue;
      if (!Number.isNaN(this.scanner.peek())) throw this.scanner.unexpected('the end of the text');
      return value;
    }
  }

  /** Read a scalar or an empty container; undefined when a container was opened and a value must follow. */
  private begin(): Json | undefined {
    const code = this.scanner.peek();
    if (code === OPEN_BRACE) {
      this.open(OBJECT);
      if (this.scanner.peek() === CLOSE_BRACE) return this.closeHere();
      this.member();
      return undefined;
    }
    if (code === OPEN_BRACKET) {
      this.open(ARRAY);
      return this.scanner.peek() === CLOSE_BRACKET ? this.closeHere() : undefined;
    }
    const value = this.scanner.scalar();
    this.passOn(false);
    return value;
  }

  /** After a value: true when the innermost container ends, false when another value follows. */
  private ends(): boolean {
    const code = this.scanner.peek();
    const inObject = this.kinds[this.level] === OBJECT;
    if (code === COMMA) {
      this.scanner.skip();
      if (inObject) this.member();
      return false;
    }
    if (code === (inObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
      this.scanner.skip();
      return true;
    }
    throw this.scanner.unexpected(inObject ? "',' or '}'" : "',' or ']'");
  }

  private open(kind: number): void {
    this.scanner.skip();
    if (this.level === this.maxDepth) {
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
    const container = this.containers[this.level];
    if (Array.isArray(container)) container.push(value);
    else if (container !== undefined) container[this.names[this.level] ?? ''] = value;
  }

  private close(): Json {
    return this.containers[this.level--] ?? null;
  }

  private closeHere(): Json {
    this.scanner.skip();
    return this.close();
  }

  /** Read a member's name and colon. */
  private member(): void {
    if (this.scanner.peek() !== QUOTE) throw this.scanner.unexpected('a member name in quotes');
    const name = this.scanner.string();
    this.passOn(true);
    if (this.problem === null) this.name(name);
    if (this.scanner.peek() !== COLON) throw this.scanner.unexpected("':'");
    this.scanner.skip();
  }

  private name(name: string): void {
    const before = this.names[this.level] ?? '';
    this.names[this.level] = name;
    if (name === '__proto__') this.refuse('member-name', "must not be named '__proto__'");
    // names that have risen so far cannot repeat
    if (this.sorted && name > before) return;
    if (Object.hasOwn(this.containers[this.level] ?? {}, name)) {
      this.refuse('duplicate-member', 'must not be given twice');
    }
    if (name < before) this.sorted = false;
  }

  /** The place being read: for each open container the member or the index. */
  private tokens(deepest: number): (string | number)[] {
    return this.containers
      .slice(1, deepest + 1)
      .map((container, index) =>
        Array.isArray(container) ? container.length : (this.names[index + 1] ?? ''),
      );
  }

  /** Say where the scalar or the name stands that the scanner complains about. */
  private passOn(isName: boolean): void {
    const { complaint } = this.scanner;
    if (complaint === null) return;
    this.scanner.complaint = null;
    if (isName) this.refuse(complaint.keyword, `a member name here ${complaint.detail}`, this.level - 1);
    else this.refuse(complaint.keyword, complaint.detail);
  }

  /** @param level how far down to point: a name that cannot be written cannot be pointed at, its object can */
  private refuse(keyword: string, detail: string, level = this.level): void {
    this.problem ??= { pointer: pointerOf(this.tokens(level)), keyword, detail };
  }
}
