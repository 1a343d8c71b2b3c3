/**
 * How often each of many digests was seen. Kept in one typed array, 16 bytes a place: a Map of as many strings costs
 * several times that, and makes the heap of a long import grow around it.
 */

/** Three words of the digest, then how often it was seen; 0 marks a free place. */
const WORDS = 4;
const FIRST_PLACES = 1024;

export class DigestCounter {
  #places = new Uint32Array(FIRST_PLACES * WORDS);
  #taken = 0;

  /**
   * Counts a digest.
   * @param digest at least 12 bytes, of which the first 12 are kept
   * @returns how often it was counted before
   */
  count(digest: Buffer): number {
    if (this.#taken * 4 > (this.#places.length / WORDS) * 3) this.#grow();
    const words = [digest.readUInt32BE(0), digest.readUInt32BE(4), digest.readUInt32BE(8)] as const;
    const at = placeOf(this.#places, words);
    const before = this.#places[at + 3] ?? 0;
    if (before === 0) {
      this.#places.set(words, at);
      this.#taken += 1;
    }
    this.#places[at + 3] = before + 1;
    return before;
  }

  #grow(): void {
    const smaller = this.#places;
    this.#places = new Uint32Array(smaller.length * 2);
    for (let from = 0; from < smaller.length; from += WORDS) {
      if (smaller[from + 3] === 0) continue;
      const [a = 0, b = 0, c = 0] = smaller.subarray(from, from + 3);
      this.#places.set(smaller.subarray(from, from + WORDS), placeOf(this.#places, [a, b, c]));
    }
  }
}

/** Where the digest stands, or the free place where it would: digests are random, so probing one by one is short. */
function placeOf(places: Uint32Array, [a, b, c]: readonly [number, number, number]): number {
  const mask = places.length - 1;
  let at = (a * WORDS) & mask;
  while (places[at + 3] !== 0 && (places[at] !== a || places[at + 1] !== b || places[at + 2] !== c)) {
    at = (at + WORDS) & mask;
  }
  return at;
}
