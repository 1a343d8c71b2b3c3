/** Following a text whose form is known, part by part: how what is usual is told at a glance. */

const NOT = -1;

/** Printable ASCII without what JSON escapes: a string of it stands in JSON as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

export class Following {
  #at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get at(): number {
    return this.#at;
  }

  get isOver(): boolean {
    return this.#at === this.#text.length;
  }

  /** Whether this comes next; then it is passed. */
  take(part: string): boolean {
    if (!this.#text.startsWith(part, this.#at)) return false;
    this.#at += part.length;
    return true;
  }

  /** Go on at a place further on. @returns what lies between */
  skipTo(at: number): string {
    const passed = this.#text.slice(this.#at, at);
    this.#at = at;
    return passed;
  }

  /** So many characters, whatever they are. */
  characters(count: number): string {
    return this.skipTo(this.#at + count);
  }

  /** A string in quotes in which nothing is, or need be, escaped; null when something else comes next. */
  string(): string | null {
    if (!this.take('"')) return null;
    const end = this.#text.indexOf('"', this.#at);
    if (end === NOT) return null;
    const string = this.skipTo(end);
    this.#at += 1;
    return PLAIN.test(string) ? string : null;
  }

  /** The same, or the word null; undefined when something else comes next. */
  stringOrNull(): string | null | undefined {
    return this.take('null') ? null : (this.string() ?? undefined);
  }

  /** A whole number as JSON writes it, below 10^16; NaN when something else comes next. */
  count(): number {
    const from = this.#at;
    let value = 0;
    for (;;) {
      const digit = this.#text.charCodeAt(this.#at) - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
      this.#at += 1;
    }
    const digits = this.#at - from;
    const isCanonical = digits === 1 || (digits <= 16 && this.#text.charCodeAt(from) !== ZERO);
    return digits > 0 && isCanonical ? value : NaN;
  }
}

const ZERO = 0x30;
