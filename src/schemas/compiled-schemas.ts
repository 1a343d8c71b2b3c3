/** Compiled schemas, made when they are first needed, of which the ones used last are kept. */
import type { Hash, Json } from '../ledger/types.js';
import { admitSchema, type Admission } from './judge.js';

/** A compiled schema takes some ten times its canonical size in memory, and at least 10 KiB. */
const MOST_BYTES = 4 * 1024 * 1024;
const MOST = 2000;

interface Kept {
  readonly admission: Admission;
  readonly bytes: number;
}

export class CompiledSchemas {
  private readonly kept = new Map<string, Kept>();
  private bytes = 0;

  /**
   * @param hash of the canonical schema
   * @param bytes size of the canonical schema
   * @param read gives the schema, when it is not at hand in compiled form
   */
  get(hash: Hash, judge: number, bytes: number, read: () => Json): Admission {
    const key = `${judge} ${hash}`;
    const known = this.kept.get(key);
    // a map keeps the order of insertion: what is used goes to its end
    this.kept.delete(key);
    const kept = known ?? { admission: admitSchema(read(), judge), bytes };
    this.kept.set(key, kept);
    if (known === undefined) this.makeRoom(bytes);
    return kept.admission;
  }

  private makeRoom(bytes: number): void {
    this.bytes += bytes;
    for (const [key, oldest] of this.kept) {
      if (this.kept.size <= 1 || (this.bytes <= MOST_BYTES && this.kept.size <= MOST)) return;
      this.kept.delete(key);
      this.bytes -= oldest.bytes;
    }
  }
}
