/** Telling whether bytes are canonical JSON without building what they say. */
import { isCanonicalAtAGlance } from './canonical-glance.js';
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
import { MAX_BYTES, MAX_DEPTH } from './strict-json.js';
import { decodeUtf8 } from './utf8.js';

/**
 * Whether bytes are the RFC 8785 form of I-JSON of at most 64 levels: the same answer that `readCanonical` gives, in
 * memory that does not grow with the number of values. Takes bytes of any size and kind.
 */
export function isCanonicalJson(bytes: Buffer): boolean {
  if (isCanonicalAtAGlance(bytes)) return true;
  const text = bytes.length > MAX_BYTES ? null : decodeUtf8(bytes);
  if (text === null) return false;
  try {
    return new FormReader(text).isCanonical();
  } catch (fault) {
    if (fault instanceof SyntaxFault) return false;
    throw fault;
  }
}

class FormReader {
  private readonly scanner: JsonScanner;
  /** for each open container the name of the member being read, null in an array */
  private readonly names: (string | null)[] = [];

  constructor(text: string) {
    this.scanner = new JsonScanner(text);
  }

  isCanonical(): boolean {
    const { scanner, names } = this;
    for (;;) {
      const step = this.begin();
      if (step === 'wrong' || scanner.complaint !== null) return false;
      if (step === 'opened') continue;
      while (names.length > 0 && this.ends()) names.pop();
      if (names.length === 0) return Number.isNaN(scanner.peek()) && scanner.canonical;
      // a comma was taken: in an object a name follows
      if (names.at(-1) !== null && !this.member()) return false;
      if (!scanner.canonical) return false;
    }
  }

  /** Read a scalar or an empty container, or open one and stand before its first value. */
  private begin(): 'read' | 'opened' | 'wrong' {
    const { scanner, names } = this;
    const code = scanner.peek();
    if (code !== OPEN_BRACE && code !== OPEN_BRACKET) {
      scanner.scalar();
      return 'read';
    }
    if (names.length === MAX_DEPTH) return 'wrong';
    const isObject = code === OPEN_BRACE;
    scanner.skip();
    if (scanner.peek() === (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
      scanner.skip();
      return 'read';
    }
    names.push(isObject ? '' : null);
    return !isObject || this.member(true) ? 'opened' : 'wrong';
  }

  /** After a value: true when the innermost container ends, false when another value follows. */
  private ends(): boolean {
    const { scanner } = this;
    const close = this.names.at(-1) === null ? CLOSE_BRACKET : CLOSE_BRACE;
    const code = scanner.peek();
    if (code !== COMMA && code !== close) throw scanner.unexpected('the next value or the end');
    scanner.skip();
    return code === close;
  }

  /** Read a member's name and colon. Names that rise cannot repeat. */
  private member(isFirst = false): boolean {
    const { scanner, names } = this;
    if (scanner.peek() !== QUOTE) return false;
    const before = names.at(-1) ?? '';
    const name = scanner.string();
    const rises = isFirst || name > before;
    if (!rises || name === '__proto__' || scanner.complaint !== null || scanner.peek() !== COLON)
      return false;
    scanner.skip();
    names[names.length - 1] = name;
    return true;
  }
}
