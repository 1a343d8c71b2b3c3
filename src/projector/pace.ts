/**
 * How large batches are at the moment. What fails as one large transaction (a slow disk, little memory) may succeed in
 * parts: every failure makes batches smaller, down to single events, every success larger again.
 */
import type { Limits } from './reading.js';

const SMALLER = 4;
const LARGER = 2;

export class Pace {
  readonly #most: Limits;
  #divisor = 1;

  constructor(most: Limits) {
    this.#most = most;
  }

  get limits(): Limits {
    const { events, bytes, ms } = this.#most;
    return {
      events: Math.max(1, Math.floor(events / this.#divisor)),
      bytes: Math.max(1, Math.floor(bytes / this.#divisor)),
      ms,
    };
  }

  failed(): void {
    if (this.limits.events > 1) this.#divisor *= SMALLER;
  }

  succeeded(): void {
    this.#divisor = Math.max(1, this.#divisor / LARGER);
  }
}
