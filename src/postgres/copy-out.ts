/**
 * Rows as bytes. node-postgres reads every value as text, which doubles bytea and costs two to four times the CPU of
 * PostgreSQL's binary COPY format.
 */
import type pg from 'pg';

/** A signature of 11 bytes, flags, and the length of an extension that no server has. */
const HEADER_BYTES = 11 + 4 + 4;

/** What rows are copied into, many at a time: an allocation for each takes as long as the rest of reading it. */
const SLAB_BYTES = 65_536;

/** The fields of one row, read one after the other. What is given out belongs to the caller. */
export class CopiedRow {
  readonly #row: Buffer;
  #at = 2;

  /** @param row what follows the file's header: the number of fields, then each field's length and bytes */
  constructor(row: Buffer) {
    this.#row = row;
  }

  /** of the whole row */
  get byteLength(): number {
    return this.#row.length;
  }

  /** The next field, of a type whose binary form is its text; null for NULL. */
  text(): string | null {
    const [from, to] = this.#next();
    return from > to ? null : this.#row.toString('utf8', from, to);
  }

  /** The next field's bytes, null for NULL; they share a buffer with the row's others. */
  bytes(): Buffer | null {
    const [from, to] = this.#next();
    return from > to ? null : this.#row.subarray(from, to);
  }

  /** The next field, a bigint that is a safe integer and not NULL. */
  safeInteger(): number {
    const [from] = this.#next();
    return this.#row.readInt32BE(from) * 2 ** 32 + this.#row.readUInt32BE(from + 4);
  }

  /** The next field as hex digits when it has so many bytes; null for NULL, undefined for any other. */
  hex(length: number): string | null | undefined {
    const [from, to] = this.#next();
    if (from > to) return null;
    return to - from === length ? this.#row.toString('hex', from, to) : undefined;
  }

  /** The next field, an integer of eight bytes; null for NULL, NaN for what is none, or not a safe one. */
  integer(): number | null {
    const [from, to] = this.#next();
    if (from > to) return null;
    if (to - from !== 8) return NaN;
    const value = this.#row.readInt32BE(from) * 2 ** 32 + this.#row.readUInt32BE(from + 4);
    return Number.isSafeInteger(value) ? value : NaN;
  }

  /** Where the next field stands, for `goTo`. */
  get at(): number {
    return this.#at;
  }

  /** Read on from a field that was read before. */
  goTo(at: number): void {
    this.#at = at;
  }

  /** Where the next field stands; it ends before it begins when it is NULL, whose length is −1. */
  #next(): readonly [number, number] {
    const from = this.#at + 4;
    const length = this.#row.readInt32BE(this.#at);
    this.#at = from + Math.max(length, 0);
    return [from, from + length];
  }
}

/**
 * Run `COPY (query) TO STDOUT (FORMAT binary)` and hand its rows over. Rejections are node-postgres' own, or what
 * `onRow` throws.
 * @param query takes no parameters: it is made of numbers and quoted literals alone
 * @param onRow false: enough, the rest is discarded
 */
export async function copyOut(
  client: pg.ClientBase,
  query: string,
  onRow: (row: CopiedRow) => boolean,
): Promise<void> {
  const text = `COPY (${query}) TO STDOUT (FORMAT binary)`;
  await new Promise<void>((resolve, reject) => {
    client.query(new CopyOut(text, onRow, (error) => (error === null ? resolve() : reject(error))));
  });
}

/** A query as node-postgres runs it. The server sends one CopyData message for each row. */
class CopyOut implements pg.Submittable {
  /** called once; node-postgres wraps it to end its time limit */
  callback: (error: Error | null) => void;
  readonly #text: string;
  readonly #onRow: (row: CopiedRow) => boolean;
  #failure: Error | null = null;
  #begun = false;
  #enough = false;
  #slab = Buffer.alloc(0);
  #used = 0;

  constructor(text: string, onRow: (row: CopiedRow) => boolean, callback: (error: Error | null) => void) {
    this.#text = text;
    this.#onRow = onRow;
    this.callback = callback;
  }

  submit(connection: pg.Connection): void {
    connection.query(this.#text);
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    if (this.#enough) return;
    const row = this.#begun ? chunk : chunk.subarray(HEADER_BYTES);
    this.#begun = true;
    // the header alone, or the trailer
    if (row.length === 0 || row.readInt16BE(0) < 0) return;
    try {
      this.#enough = !this.#onRow(new CopiedRow(this.#copy(row)));
    } catch (error) {
      // thrown from here it would escape into the socket's event, and end the process
      this.#failure = error instanceof Error ? error : new Error(String(error));
      this.#enough = true;
    }
  }

  /** node-postgres uses the memory of its messages again. */
  #copy(row: Buffer): Buffer {
    if (row.length > SLAB_BYTES / 4) return Buffer.from(row);
    if (this.#used + row.length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#used = 0;
    }
    const copied = this.#slab.subarray(this.#used, this.#used + row.length);
    copied.set(row);
    this.#used += row.length;
    return copied;
  }

  handleReadyForQuery(): void {
    this.callback(this.#failure);
  }

  handleError(error: Error): void {
    this.callback(error);
  }

  handleCommandComplete(): void {
    // the end comes with ReadyForQuery
  }
}
