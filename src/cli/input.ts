/** What a command reads: a file or standard input, plain or gzipped. */
import { open } from 'node:fs/promises';
import { addAbortSignal, pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { LedgerError } from '../ledger/error.js';

export interface Input {
  /** unpacked; ends with an error where it cannot be read further, or when `stop` is aborted */
  readonly bytes: AsyncIterable<Buffer>;
  /** how many bytes were read so far, of the file as it stands there */
  readonly read: () => number;
  /** of the file in bytes, null where that is not known */
  readonly size: number | null;
}

/** A chunk of a file: many lines, so that few of them are put together from two. */
const READ_AHEAD_BYTES = 1024 * 1024;

/**
 * @param file `-` for standard input
 * @throws LedgerError `invalid-input` when it cannot be opened
 */
export async function openInput(file: string, stop: AbortSignal): Promise<Input> {
  const { raw, size } = file === '-' ? { raw: process.stdin, size: null } : await openFile(file);
  addAbortSignal(stop, raw);
  let count = 0;
  const counted = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of raw as AsyncIterable<Buffer>) {
      count += chunk.length;
      yield chunk;
    }
  };
  return { bytes: unpacked(counted()), read: () => count, size };
}

async function openFile(file: string): Promise<{ readonly raw: Readable; readonly size: number | null }> {
  try {
    const handle = await open(file);
    const status = await handle.stat();
    if (status.isDirectory()) {
      await handle.close();
      throw new Error('it is a directory');
    }
    return {
      raw: handle.createReadStream({ highWaterMark: READ_AHEAD_BYTES }),
      size: status.isFile() ? status.size : null,
    };
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** Before its first byte, or in the midst of it. */
export function unreadable(file: string, cause: unknown): LedgerError {
  const name = file === '-' ? 'standard input' : file;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LedgerError('invalid-input', `${name} cannot be read: ${reason}`, { cause });
}

const GZIP_MAGIC = Buffer.of(0x1f, 0x8b);

/** What gzip made is known by its first bytes, wherever they come from. */
async function* unpacked(raw: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const first = await beginning(raw, GZIP_MAGIC.length);
  const whole = before(first, raw);
  const gzipped = first.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC);
  // a failure of either is thrown where the result is read
  yield* gzipped ? pipeline(Readable.from(whole), createGunzip(), () => undefined) : whole;
}

/** At least so many bytes, or all there are. */
async function beginning(raw: AsyncGenerator<Buffer>, bytes: number): Promise<Buffer> {
  let first = Buffer.alloc(0);
  while (first.length < bytes) {
    const next = await raw.next();
    if (next.done === true) break;
    first = Buffer.concat([first, next.value]);
  }
  return first;
}

async function* before(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  yield* rest;
}
