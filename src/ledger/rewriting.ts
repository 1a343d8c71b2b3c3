/** Bytes that are written anew with a few changes: stretches without change are copied at once, or not at all. */

/** What is added to a buffer that is too small, at least. */
const GROWTH = 64;

/** Copied byte by byte up to this length: asking for a copy takes as long. */
const SHORT = 48;

/** A list in the result: where it begins and ends, and each of its items, in their new order. */
export interface List {
  readonly begin: number;
  readonly end: number;
  readonly count: number;
  readonly begins: Uint32Array;
  readonly ends: Uint32Array;
}

export class Rewriting {
  private readonly source: Buffer;
  /** null while nothing had to be written: the result is the source */
  private target: Buffer | null = null;
  /** bytes in the target */
  private written = 0;
  /** from where on the source is still to be copied */
  private run = 0;
  private changed = false;

  constructor(source: Buffer) {
    this.source = source;
  }

  /** Whether the result is the source, so far. */
  get isTheSame(): boolean {
    return !this.changed;
  }

  /** Bytes of the result, after the end. */
  get length(): number {
    return this.target === null ? this.source.length : this.written;
  }

  /** Where in the result stands what stands at a place of the source that is not before any change. */
  placeOf(at: number): number {
    return this.written + at - this.run;
  }

  /** Put a text, of ASCII where it is not JSON's, in the place of a part of the source. */
  replace(from: number, to: number, text: string): void {
    this.copyUntil(from);
    this.run = to;
    if (text !== '') {
      const room = this.room(3 * text.length);
      this.written += room.write(text, this.written, 'utf8');
    }
  }

  /**
   * Give a list in the result another order.
   * @param list all between its items are commas
   * @param at the place of the source that has been read
   */
  reorder(list: List, at: number): void {
    this.copyUntil(at);
    const target = this.room(0);
    const { begin, count, begins, ends } = list;
    const before = roomBeside(list.end - begin);
    target.copy(before, 0, begin, list.end);
    let to = begin;
    for (let n = 0; n < count; n++) {
      if (n > 0) target[to++] = COMMA;
      to = copy(before, (begins[n] ?? 0) - begin, (ends[n] ?? 0) - begin, target, to);
    }
  }

  /** Note that the result differs in a way that nobody asks for. */
  noteChange(): void {
    this.changed = true;
  }

  /** The source has been read. */
  end(): void {
    if (this.target !== null) this.copyUntil(this.source.length);
  }

  /** A part of the result, after the end. */
  part(from: number, to: number): Buffer {
    return (this.target ?? this.source).subarray(from, to);
  }

  private copyUntil(at: number): void {
    this.changed = true;
    const target = this.room(at - this.run);
    this.written = copy(this.source, this.run, at, target, this.written);
    this.run = at;
  }

  /** The target, with room for so many bytes more. */
  private room(bytes: number): Buffer {
    if (this.target !== null && this.written + bytes <= this.target.length) return this.target;
    const left = this.source.length - this.run;
    const larger = Buffer.allocUnsafe(this.written + bytes + left + GROWTH);
    this.target?.copy(larger, 0, 0, this.written);
    this.target = larger;
    return larger;
  }
}

/** Lists are put in order one at a time, and few are longer. */
const beside = Buffer.allocUnsafeSlow(16_384);

function roomBeside(bytes: number): Buffer {
  return bytes <= beside.length ? beside : Buffer.allocUnsafe(bytes);
}

const COMMA = 0x2c;

/** @returns the place after the copy */
function copy(source: Buffer, from: number, to: number, target: Buffer, at: number): number {
  if (to - from > SHORT) return at + source.copy(target, at, from, to);
  let next = at;
  for (let place = from; place < to; place++) target[next++] = source[place] ?? 0;
  return next;
}
