/** Work that goes on beside other work, until its outcome is asked for. */

export class Beside<Item> {
  #left = false;
  readonly #done: Promise<void>;

  /** Begins at once. @param take is given each item */
  constructor(items: AsyncIterable<Item>, take: (item: Item) => void) {
    this.#done = this.#run(items, take);
    // a failure is for those who wait for the end
    this.#done.catch(() => undefined);
  }

  /** The end of it. Rejects as the items did. */
  done(): Promise<void> {
    return this.#done;
  }

  /** Nobody wants it any more: it ends with the next item. */
  leave(): void {
    this.#left = true;
  }

  async #run(items: AsyncIterable<Item>, take: (item: Item) => void): Promise<void> {
    for await (const item of items) {
      if (this.#left) return;
      take(item);
    }
  }
}
