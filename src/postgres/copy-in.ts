/**
 * Many rows into a table, in PostgreSQL's binary COPY format: for the server a quarter less work than a statement with
 * arrays, and less for us, because nothing is put together twice.
 */
import type pg from 'pg';
import type { Instant } from '../ledger/types.js';
import { writeBigint, writeBytes, writeHex, writeText, writeTimestamp, writeUuid } from './binary-field.js';

/**
 * Run `COPY … FROM STDIN (FORMAT binary)` with a row for each item. Rejections are node-postgres' own, or what `write`
 * throws, after which nothing was copied.
 * @param into the table, or the table and its columns
 * @param fields of each row, of which `write` writes as many
 */
export async function copyIn<Item>(
  client: pg.ClientBase,
  into: string,
  { fields, items, write }: CopiedIn<Item>,
): Promise<void> {
  const rows = (send: (chunk: Buffer) => void): void => {
    const writer = new RowWriter(send);
    for (const item of items) {
      writer.row(fields);
      write(writer, item);
    }
    writer.end();
  };
  await new Promise<void>((resolve, reject) => {
    client.query(new CopyIn(into, rows, (error) => (error === null ? resolve() : reject(error))));
  });
}

export interface CopiedIn<Item> {
  readonly fields: number;
  readonly items: readonly Item[];
  readonly write: (row: RowWriter, item: Item) => void;
}

/** Rows go over in messages of about so many bytes. */
const CHUNK_BYTES = 262_144;

/** CopyData: a letter, and the length of what follows including itself. */
const MESSAGE_HEADER = 5;
const COPY_DATA = 'd'.charCodeAt(0);
const COPY_DONE = Buffer.from([...Buffer.from('c'), 0, 0, 0, 4]);

/** A signature, flags, and the length of an extension. */
const FILE_HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const END_OF_ROWS = -1;
const NULL = -1;

type Write<Value> = (into: Buffer, value: Value, at: number) => unknown;

function writeSmallint(into: Buffer, value: number, at: number): void {
  into.writeInt16BE(value, at);
}

function writeInteger(into: Buffer, value: number, at: number): void {
  into.writeInt32BE(value, at);
}

/** Writes one field after the other. */
export class RowWriter {
  readonly #send: (chunk: Buffer) => void;
  #chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #at = MESSAGE_HEADER;

  constructor(send: (chunk: Buffer) => void) {
    this.#send = send;
    this.#put(FILE_HEADER.length, FILE_HEADER, writeBytes);
  }

  row(fields: number): void {
    this.#put(2, fields, writeSmallint);
  }

  end(): void {
    this.row(END_OF_ROWS);
    this.#flush();
    this.#send(COPY_DONE);
  }

  bytes(value: Uint8Array): void {
    this.#field(value.length, value, writeBytes);
  }

  /** @param value hex digits of a bytea, or null for NULL */
  hex(value: string | null): void {
    if (value === null) this.null();
    else this.#field(value.length / 2, value, writeHex);
  }

  /** @param value without U+0000, which text cannot hold, or null for NULL */
  text(value: string | null): void {
    if (value === null) this.null();
    else this.#field(Buffer.byteLength(value), value, writeText);
  }

  uuid(value: string): void {
    this.#field(16, value, writeUuid);
  }

  bigint(value: number): void {
    this.#field(8, value, writeBigint);
  }

  timestamptz(value: Instant | null): void {
    if (value === null) this.null();
    else this.#field(8, value, writeTimestamp);
  }

  null(): void {
    this.#put(4, NULL, writeInteger);
  }

  #field<Value>(size: number, value: Value, write: Write<Value>): void {
    this.#put(4, size, writeInteger);
    this.#put(size, value, write);
  }

  #put<Value>(size: number, value: Value, write: Write<Value>): void {
    // making room may begin another chunk
    const at = this.#room(size);
    write(this.#chunk, value, at);
  }

  /** @returns where so many bytes may be written */
  #room(size: number): number {
    if (this.#at + size > this.#chunk.length) {
      this.#flush();
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, MESSAGE_HEADER + size));
      this.#at = MESSAGE_HEADER;
    }
    const at = this.#at;
    this.#at += size;
    return at;
  }

  #flush(): void {
    this.#chunk.writeUInt8(COPY_DATA, 0);
    this.#chunk.writeInt32BE(this.#at - 1, 1);
    this.#send(this.#chunk.subarray(0, this.#at));
  }
}

/** A query as node-postgres runs it. */
class CopyIn implements pg.Submittable {
  /** called once; node-postgres wraps it to end its time limit */
  callback: (error: Error | null) => void;
  readonly #into: string;
  readonly #write: (send: (chunk: Buffer) => void) => void;
  #failure: Error | null = null;

  constructor(
    into: string,
    write: (send: (chunk: Buffer) => void) => void,
    callback: (error: Error | null) => void,
  ) {
    this.#into = into;
    this.#write = write;
    this.callback = callback;
  }

  submit(connection: pg.Connection): void {
    connection.query(`COPY ${this.#into} FROM STDIN (FORMAT binary)`);
  }

  handleCopyInResponse(connection: pg.Connection): void {
    try {
      // what the socket does not take yet waits in it: no more than the caller's rows
      this.#write((chunk) => connection.stream.write(chunk));
    } catch (error) {
      // thrown from here it would escape into the socket's event, and end the process
      this.#failure = error instanceof Error ? error : new Error(String(error));
      connection.stream.write(COPY_FAIL);
    }
  }

  handleReadyForQuery(): void {
    this.callback(this.#failure);
  }

  handleError(error: Error): void {
    this.callback(this.#failure ?? error);
  }

  handleCommandComplete(): void {
    // the end comes with ReadyForQuery
  }
}

/** CopyFail, with an empty message. */
const COPY_FAIL = Buffer.from([...Buffer.from('f'), 0, 0, 0, 5, 0]);
