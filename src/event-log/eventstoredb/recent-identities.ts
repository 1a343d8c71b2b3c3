/** The identities of the newest events of one stream: what an append must not write again, without reading each time. */
import type { EventId } from '../../ledger/types.js';

/** As far back as anybody asks who does not know what the ledger has. */
export const NEWEST = 10_000;
const TOO_MANY = 2 * NEWEST;

export class RecentIdentities {
  /** the first revision of each id; of an id that stands twice, by another program's hand, the lower one */
  #revisions = new Map<EventId, number>();
  /** of revisions from … to−1, in their order; null where the server showed none */
  #ids: (EventId | null)[] = [];
  #from = 0;
  /** the highest revision that the server did not show */
  #lastHidden = -1;

  /** The window, half-open: identities in it are all known. */
  get from(): number {
    return this.#from;
  }

  get to(): number {
    return this.#from + this.#ids.length;
  }

  get size(): number {
    return this.#ids.length;
  }

  /** The highest revision in the window whose identity is not known; −1 (or one before the window) for none. */
  get lastHidden(): number {
    return this.#lastHidden;
  }

  /** What stands at a revision of the window; null where the server did not show it. */
  idAt(revision: number): EventId | null {
    return this.#ids[revision - this.#from] ?? null;
  }

  revisionOf(id: EventId): number | undefined {
    return this.#revisions.get(id);
  }

  /** Begin anew with nothing, before this revision. */
  reset(from: number): void {
    this.#revisions = new Map();
    this.#ids = [];
    this.#from = from;
    this.#lastHidden = -1;
  }

  /**
   * What follows the window.
   * @param needed from here on, identities are not forgotten, however many there are
   */
  append(ids: readonly (EventId | null)[], needed: number): void {
    for (const id of ids) {
      this.#note(id, this.to);
      this.#ids.push(id);
    }
    const count = Math.min(this.#ids.length - NEWEST, needed - this.#from);
    if (this.#ids.length > TOO_MANY && count >= NEWEST) this.#forget(count);
  }

  /** What stands right before the window. */
  prepend(ids: readonly (EventId | null)[]): void {
    this.#from -= ids.length;
    this.#ids = [...ids, ...this.#ids];
    for (const [at, id] of ids.entries()) this.#note(id, this.#from + at);
  }

  #note(id: EventId | null, revision: number): void {
    if (id === null) {
      this.#lastHidden = Math.max(this.#lastHidden, revision);
      return;
    }
    const known = this.#revisions.get(id);
    if (known === undefined || revision < known) this.#revisions.set(id, revision);
  }

  #forget(count: number): void {
    this.#ids = this.#ids.slice(count);
    this.#from += count;
    // anew: an id that stands twice has its other place now
    this.#revisions = new Map();
    for (const [at, id] of this.#ids.entries()) this.#note(id, this.#from + at);
  }
}
