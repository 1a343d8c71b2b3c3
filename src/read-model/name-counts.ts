/** How many entries each of many names has. Whatever names somebody makes up, it stays small. */
import type { Verdict } from '../ledger/types.js';
import type { NameCount, NameRanking } from './port.js';

/** Names that are told apart: those that come first. */
const MAX_NAMES = 10_000;

/** Names that are given. */
const MOST = 20;

export class NameCounts {
  readonly #names = new Map<string, Record<Verdict, number>>();
  #total = 0;

  add(name: string, verdict: Verdict, count: number): void {
    this.#total += count;
    const counts = this.#names.get(name);
    if (counts !== undefined) counts[verdict] += count;
    else if (this.#names.size < MAX_NAMES)
      this.#names.set(name, { accepted: 0, rejected: 0, duplicate: 0, [verdict]: count });
  }

  /** Those with the most entries, and how many entries all others have. */
  ranking(): NameRanking {
    const counts = [...this.#names].map(([name, verdicts]): NameCount => {
      const events = verdicts.accepted + verdicts.rejected + verdicts.duplicate;
      return { name, events, verdicts: { ...verdicts } };
    });
    const most = counts.sort((a, b) => b.events - a.events || (a.name < b.name ? -1 : 1)).slice(0, MOST);
    return { most, others: most.reduce((rest, { events }) => rest - events, this.#total) };
  }
}
