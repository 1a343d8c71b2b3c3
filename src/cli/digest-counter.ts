/**
 * How often each of many digests was seen. Kept in typed arrays, some 17 bytes a digest: a Map of as many strings costs
 * several times that, and makes the heap of a long import grow around it. There are many small tables, so that growing
 * one does not need room for all of it twice.
 */

/** Of a table's place: two words of the digest, then how often it was seen; 0 marks a free place. */
const WORDS = 3;
const FIRST_PLACES = 16;
const FULL = 0.8;
const GROWTH = 1.15;

export class DigestCounter {
  /** by one byte of the digest */
  readonly #tables: Table[] = [];

  /**
   * Counts a digest.
   * @param digest at least 12 bytes, of which the last 9 of the first 12 are kept
   * @returns how often it was counted before
   */
  count(digest: Buffer): number {
    const table = (this.#tables[digest.readUInt8(3)] ??= new Table());
    return table.count(digest.readUInt32BE(4), digest.readUInt32BE(8));
  }
}

class Table {
  #places = new Uint32Array(FIRST_PLACES * WORDS);
  #taken = 0;

  count(a: number, b: number): number {
    if (this.#taken * WORDS >= this.#places.length * FULL) this.#grow();
    const at = placeOf(this.#places, a, b);
    const before = this.#places[at + 2] ?? 0;
    if (before === 0) {
      this.#places[at] = a;
      this.#places[at + 1] = b;
      this.#taken += 1;
    }
    this.#places[at + 2] = before + 1;
    return before;
  }

  #grow(): void {
    const smaller = this.#places;
    this.#places = new Uint32Array(Math.ceil((smaller.length / WORDS) * GROWTH) * WORDS);
    for (let from = 0; from < smaller.length; from += WORDS) {
      if (smaller[from + 2] === 0) continue;
      const at = placeOf(this.#places, smaller[from] ?? 0, smaller[from + 1] ?? 0);
      for (let word = 0; word < WORDS; word += 1) this.#places[at + word] = smaller[from + word] ?? 0;
    }
  }
}

/** Where the digest stands, or the free place where it would: digests are random, so probing one by one is short. */
function placeOf(places: Uint32Array, a: number, b: number): number {
  let at = Math.floor((a / 2 ** 32) * (places.length / WORDS)) * WORDS;
  while (places[at + 2] !== 0 && (places[at] !== a || places[at + 1] !== b)) {
    at += WORDS;
    if (at === places.length) at = 0;
  }
  return at;
}
