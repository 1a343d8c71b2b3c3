/** A set of indexes as bits, in pages that are made when needed: its size is bounded by what is put in, not by the highest. */

const PAGE_BITS = 65_536;

export class IndexSet {
  size = 0;
  private readonly pages = new Map<number, Uint8Array>();
  /** indexes come nearly in order */
  private last: { readonly number: number; readonly bits: Uint8Array } | null = null;

  /** @returns whether it was not in the set yet */
  add(index: number): boolean {
    const bits = this.page(Math.floor(index / PAGE_BITS));
    const bit = index % PAGE_BITS;
    const mask = 1 << (bit & 7);
    const byte = bits[bit >> 3] ?? 0;
    if ((byte & mask) !== 0) return false;
    bits[bit >> 3] = byte | mask;
    this.size++;
    return true;
  }

  has(index: number): boolean {
    const bit = index % PAGE_BITS;
    return (((this.pages.get(Math.floor(index / PAGE_BITS))?.[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 1;
  }

  private page(number: number): Uint8Array {
    if (this.last?.number === number) return this.last.bits;
    let bits = this.pages.get(number);
    if (bits === undefined) this.pages.set(number, (bits = new Uint8Array(PAGE_BITS / 8)));
    this.last = { number, bits };
    return bits;
  }
}
