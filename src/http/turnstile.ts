/** Lets a bounded number of works run at once; the others wait for their turn. */

export class Turnstile {
  readonly #isOutage: (error: unknown) => boolean;
  #free: number;
  #waiting: { readonly enter: () => void; readonly fail: (error: unknown) => void }[] = [];

  /**
   * @param width how many run at once
   * @param isOutage errors that would happen to everybody: those who wait fail at once, as nobody waits for what is gone
   */
  constructor(width: number, isOutage: (error: unknown) => boolean) {
    this.#free = width;
    this.#isOutage = isOutage;
  }

  async take<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((enter, fail) => this.#waiting.push({ enter, fail }));
    try {
      return await work();
    } catch (error) {
      if (this.#isOutage(error)) this.#failAll(error);
      throw error;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next.enter();
    }
  }

  #failAll(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { fail } of waiting) fail(error);
  }
}
