/**
 * Bytes put together from texts and bytes, one after the other: in one place, which is theirs alone, without a buffer for
 * each.
 */

/** A character of UTF-16 has no more bytes of UTF-8. */
const BYTES_OF_A_CHARACTER = 3;

export class ByteWriter {
  #bytes: Buffer;
  #length = 0;

  /** @param capacity bytes that are likely to be enough */
  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
  }

  text(text: string): void {
    this.#makeRoom(text.length * BYTES_OF_A_CHARACTER);
    this.#length += this.#bytes.write(text, this.#length);
  }

  bytes(bytes: Buffer): void {
    this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** What was written so far. */
  written(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.written());
    this.#bytes = larger;
  }
}
