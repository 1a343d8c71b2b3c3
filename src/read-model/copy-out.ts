/**
 * COPY … TO STDOUT (FORMAT binary), row by row: bytes come as bytes, which costs half of what their text form costs
 * node-postgres. COPY takes no parameters: its text is made of numbers and quoted literals alone.
 */
import type pg from 'pg';

/** A signature of 11 bytes, flags, and the length of an extension that no server has. */
const HEADER_BYTES = 11 + 4 + 4;

/** The fields of one row, one after the other. */
export class CopiedRow {
  readonly #message: Buffer;
  #at: number;

  /** @param message as long as it is read; node-postgres uses its memory again */
  constructor(message: Buffer, at: number) {
    this.#message = message;
    this.#at = at;
  }

  /** of the whole row */
  get byteLength(): number {
    return this.#message.length;
  }

  /** The next field as text, null for NULL. */
  text(): string | null {
    const end = this.#enter();
    if (end === null) return null;
    const text = this.#message.toString('utf8', this.#at, end);
    this.#at = end;
    return text;
  }

  /** The next field's bytes, a copy; null for NULL. */
  bytes(): Buffer | null {
    const end = this.#enter();
    if (end === null) return null;
    const bytes = Buffer.from(this.#message.subarray(this.#at, end));
    this.#at = end;
    return bytes;
  }

  /** @returns the field's end, null for NULL */
  #enter(): number | null {
    const length = this.#message.readInt32BE(this.#at);
    this.#at += 4;
    return length < 0 ? null : this.#at + length;
  }
}

/**
 * Run a COPY and hand its rows over. Rejections are node-postgres' own, or what `onRow` throws.
 * @param onRow false: enough, the rest is discarded
 */
export async function copyOut(
  client: pg.ClientBase,
  text: string,
  onRow: (row: CopiedRow) => boolean,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    client.query(new CopyOut(text, onRow, (error) => (error === null ? resolve() : reject(error))));
  });
}

/** What node-postgres drives. The server sends one CopyData message for each row. */
class CopyOut implements pg.Submittable {
  /** called once; node-postgres wraps it to end its time limit */
  callback: (error: Error | null) => void;
  readonly #text: string;
  readonly #onRow: (row: CopiedRow) => boolean;
  #failure: Error | null = null;
  #begun = false;
  #enough = false;

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
    const at = this.#begun ? 0 : HEADER_BYTES;
    this.#begun = true;
    // the header alone, or the trailer
    if (at === chunk.length || chunk.readInt16BE(at) < 0) return;
    try {
      this.#enough = !this.#onRow(new CopiedRow(chunk, at + 2));
    } catch (error) {
      this.#failure = error as Error;
      this.#enough = true;
    }
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
