/** SHA-256, the one hash of the ledger. */
import { createHash } from 'node:crypto';
import type { Hash } from './types.js';

/** Hash of the pieces one after the other. */
export function sha256(...pieces: readonly Uint8Array[]): Hash {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex') as Hash;
}
