/** Lines of a byte stream, as bytes: nothing is decoded, so nothing is repaired. */

const LF = 0x0a;
const CR = 0x0d;

/**
 * Yields each line without its LF or CR LF; the last one also when no LF ends it. A line may be part of what was read: it
 * is there until the next line is asked for.
 * @param longest bytes; of a longer line only the first longest + 1 are kept, so that the caller can tell and
 *   memory stays bounded
 */
export async function* readLines(input: AsyncIterable<Uint8Array>, longest: number): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let kept = 0;
  const keep = (piece: Buffer): void => {
    const room = longest + 1 - kept;
    if (room <= 0 || piece.length === 0) return;
    pieces.push(piece.subarray(0, room));
    kept += Math.min(piece.length, room);
  };
  const take = (): Buffer => {
    const line = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
    pieces = [];
    kept = 0;
    return line.at(-1) === CR ? line.subarray(0, -1) : line;
  };
  for await (const bytes of input) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let start = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      keep(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    keep(Buffer.from(chunk.subarray(start)));
  }
  if (kept > 0) yield take();
}
