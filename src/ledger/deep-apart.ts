/**
 * Places of which the log's event and the ledger's entry were not met together: whichever comes second is known by them.
 * Bounded: of a log that is out of order everywhere the oldest are forgotten, and then said twice.
 */
const MOST = 10_000;

export class Apart {
  readonly #places = new Set<string>();

  add(source: string, revision: number): void {
    this.#places.add(keyOf(source, revision));
    if (this.#places.size <= MOST) return;
    for (const oldest of this.#places) {
      this.#places.delete(oldest);
      return;
    }
  }

  /** Whether the other half of this place came before. */
  settle(source: string, revision: number): boolean {
    return this.#places.size > 0 && this.#places.delete(keyOf(source, revision));
  }
}

function keyOf(source: string, revision: number): string {
  return `${source}\0${revision}`;
}
