/** What a command reads: a file or standard input, plain or gzipped. */
import { open, type FileHandle } from 'node:fs/promises';
import { addAbortSignal, pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { LedgerError } from '../ledger/error.js';

export interface Input {
  /**
   * Unpacked; ends with an error where it cannot be read further, or when `stop` is aborted. A chunk is overwritten when
   * the one after it is asked for.
   */
  readonly bytes: AsyncIterable<Buffer>;
  /** how many bytes were read so far, of the file as it stands there */
  readonly read: () => number;
  /** of the file in bytes, null where that is not known */
  readonly size: number | null;
}

/** A block of a file: many lines, so that few of them are put together from two. */
const BLOCK_BYTES = 1024 * 1024;

/**
 * @param file `-` for standard input
 * @throws LedgerError `invalid-input` when it cannot be opened
 */
export async function openInput(file: string, stop: AbortSignal): Promise<Input> {
  const { raw, size } =
    file === '-'
      ? { raw: addAbortSignal(stop, process.stdin) as AsyncIterable<Buffer>, size: null }
      : await openFile(file, stop);
  let count = 0;
  const counted = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of raw) {
      count += chunk.length;
      yield chunk;
    }
  };
  return { bytes: unpacked(counted()), read: () => count, size };
}

interface OpenFile {
  readonly raw: AsyncIterable<Buffer>;
  readonly size: number | null;
}

async function openFile(file: string, stop: AbortSignal): Promise<OpenFile> {
  try {
    const handle = await open(file);
    const status = await handle.stat();
    if (status.isFile()) return { raw: blocksOf(handle, stop), size: status.size };
    if (!status.isDirectory()) return { raw: addAbortSignal(stop, handle.createReadStream()), size: null };
    await handle.close();
    throw new Error('it is a directory');
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** Read into two blocks in turn: a new one for each would be in the way until it is collected. One is read ahead. */
async function* blocksOf(handle: FileHandle, stop: AbortSignal): AsyncGenerator<Buffer> {
  const read = (block: Buffer<ArrayBuffer>) => handle.read(block, 0, block.length);
  let ahead = read(Buffer.allocUnsafeSlow(BLOCK_BYTES));
  let free: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  try {
    for (;;) {
      stop.throwIfAborted();
      const { buffer, bytesRead } = await ahead;
      if (bytesRead === 0) return;
      ahead = read(free);
      yield buffer.subarray(0, bytesRead);
      free = buffer;
    }
  } finally {
    await ahead.catch(() => undefined);
    await handle.close();
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
  yield* gzipped ? pipeline(Readable.from(copies(whole)), createGunzip(), () => undefined) : whole;
}

/** For whoever asks for more chunks before he is done with one. */
async function* copies(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
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
