/** Lines of a byte stream, as bytes: nothing is decoded, so nothing is repaired. */
import { LedgerError } from '../ledger/error.js';

const LF = 0x0a;
const CR = 0x0d;

/**
 * Yields each line without its LF or CR LF; the last one also when no LF ends it.
 * @param longest bytes; a longer line ends the reading
 * @throws LedgerError `invalid-input` naming the line that is too long
 */
export async function* readLines(input: AsyncIterable<Uint8Array>, longest: number): AsyncGenerator<Buffer> {
  let number = 1;
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const bytes of input) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let start = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      const piece = chunk.subarray(start, end);
      yield withoutReturn(pending.length === 0 ? piece : Buffer.concat([...pending, piece]));
      pending = [];
      pendingBytes = 0;
      number += 1;
      start = end + 1;
    }
    if (start === chunk.length) continue;
    pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    if (pendingBytes > longest) {
      throw new LedgerError('invalid-input', `line ${number}: longer than ${longest} bytes`);
    }
  }
  if (pendingBytes > 0) yield withoutReturn(Buffer.concat(pending));
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === CR ? line.subarray(0, -1) : line;
}
