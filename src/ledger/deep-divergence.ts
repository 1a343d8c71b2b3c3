/**
 * Whether the log is another one: where nothing that the entries were made from stands in it any more, one finding says
 * so, and after a thousand entries without one event of theirs the rest is not compared.
 */
import { finding, type Finding } from './finding.js';

const ENOUGH = 1_000;

/** Fewer entries at the end are named one by one, and nothing is concluded from them. */
const LEAST = 2;

export class Divergence {
  #agreed = 0;
  /** the first entry after which none had its event */
  #since: number | null = null;
  #without = 0;
  /** events without an entry, while no entry had its event */
  #strangers = 0;

  /** An entry whose event is there, as it was or altered, or stood between events that are. */
  agrees(): void {
    this.#agreed++;
    this.#since = null;
    this.#without = 0;
  }

  /** An entry at whose place the log has another event, or nothing and its stream ends before. */
  differs(index: number): void {
    this.#since ??= index;
    this.#without++;
  }

  /** An event that no entry was made from. */
  stranger(): void {
    if (this.#agreed === 0) this.#strangers++;
  }

  /** There is no use in going on. */
  get hopeless(): boolean {
    return this.#without >= ENOUGH || this.#strangers >= ENOUGH;
  }

  /** After the last entry, or when it is hopeless. */
  finding(): Finding | null {
    const another = this.#agreed === 0 && this.#strangers >= ENOUGH;
    if (this.#since === null || (this.#without < LEAST && !another)) return null;
    const index = this.#since;
    const detail =
      this.#agreed === 0
        ? 'the log has no event that the ledger was made from: it is another log'
        : `the log has no event of this entry, nor of any after it: it was restored from an older backup, or its end was removed`;
    return finding({ index }, { code: 'log-replaced', store: 'log', detail });
  }
}
