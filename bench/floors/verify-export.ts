/**
 * The floor of checking an export offline: its file read by lines, and one SHA-256 over each.
 *
 * Arguments: the file. Prints how many lines it hashed.
 */
import { hash } from 'node:crypto';
import { open } from 'node:fs/promises';

const LINE_FEED = 0x0a;
const CHUNK_BYTES = 1_048_576;

const [path = ''] = process.argv.slice(2);
const file = await open(path);
let lines = 0;
/** one chunk, before it the beginning of a line of the last one */
let buffer = Buffer.allocUnsafe(2 * CHUNK_BYTES);
let kept = 0;
for (;;) {
  if (buffer.length - kept < CHUNK_BYTES) buffer = Buffer.concat([buffer], 2 * buffer.length);
  const { bytesRead } = await file.read(buffer, kept, CHUNK_BYTES);
  if (bytesRead === 0) break;
  const bytes = buffer.subarray(0, kept + bytesRead);
  let from = 0;
  for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, from)) {
    hash('sha256', bytes.subarray(from, end), 'hex');
    lines += 1;
    from = end + 1;
  }
  bytes.copyWithin(0, from);
  kept = bytes.length - from;
}
await file.close();
process.stdout.write(JSON.stringify({ lines }));
