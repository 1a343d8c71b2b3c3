/** Many alike happenings as one event: how many, by whom and from where, in bounded memory. Pure. */
import type { JsonObject } from '../../access/access-event.js';
import type { Json } from '../../ledger/types.js';

/** That are told by themselves; the rest is one number. */
const MOST_TOLD = 20;
/** That are told apart; what comes when there are so many is of the rest. */
const MOST_APART = 1_000;

export class Sum {
  #count = 0;
  #sinceMs = 0;
  readonly #names = new Counts();
  readonly #addresses = new Counts();

  get count(): number {
    return this.#count;
  }

  /** @param name null: nobody who is known, whose name may be a password that was typed in its place */
  add(name: string | null, address: string, nowMs: number): void {
    if (this.#count === 0) this.#sinceMs = nowMs;
    this.#count += 1;
    this.#names.add(name);
    this.#addresses.add(address);
  }

  told(nowMs: number): JsonObject {
    return {
      count: this.#count,
      since: new Date(this.#sinceMs).toISOString(),
      until: new Date(nowMs).toISOString(),
      names: this.#names.most('name'),
      otherNames: this.#names.others,
      addresses: this.#addresses.most('address'),
      otherAddresses: this.#addresses.others,
    };
  }
}

class Counts {
  readonly #counts = new Map<string, number>();
  #all = 0;

  /** @param key null: of the rest */
  add(key: string | null): void {
    this.#all += 1;
    if (key === null || (this.#counts.size >= MOST_APART && !this.#counts.has(key))) return;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  most(member: string): Json {
    return this.#told().map(([key, count]) => ({ [member]: key, count }));
  }

  get others(): number {
    return this.#told().reduce((rest, [, count]) => rest - count, this.#all);
  }

  #told(): readonly (readonly [string, number])[] {
    return [...this.#counts].sort(([, one], [, other]) => other - one).slice(0, MOST_TOLD);
  }
}
