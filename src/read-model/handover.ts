/** Items on their way from who has them pushed to who pulls them, in arrays: what comes meanwhile waits. */

export class Handover<Item> {
  #items: Item[] = [];
  #ended = false;
  #left = false;
  #wake: (() => void) | null = null;
  readonly #atOnce: number;

  /** @param atOnce items that are waited for before an array is given */
  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** @returns false: nobody takes any more */
  put(item: Item): boolean {
    this.#items.push(item);
    if (this.#items.length >= this.#atOnce) this.#wake?.();
    return !this.#left;
  }

  /** Nothing comes any more. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Nothing is taken any more. */
  leave(): void {
    this.#left = true;
  }

  async *arrays(): AsyncGenerator<readonly Item[], void, void> {
    for (;;) {
      if (this.#items.length < this.#atOnce && !this.#ended) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#wake = null;
      }
      const items = this.#items;
      this.#items = [];
      if (items.length > 0) yield items;
      else if (this.#ended) return;
    }
  }
}
