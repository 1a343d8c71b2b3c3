/** Random bytes, sixteen at a time: asking the system for many at once costs little more than asking for sixteen. */
import { randomFillSync } from 'node:crypto';

const SIZE = 16;
const pool = Buffer.alloc(256 * SIZE);
let used = pool.length;

/** Bytes that nobody else is given; to be used before this is called again. */
export function sixteenBytes(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += SIZE;
  return pool.subarray(used - SIZE, used);
}
