/** What a projector has done since it was started, as numbers that only rise: for metrics. */
import type { Entry, Verdict } from '../ledger/types.js';

/** Why a subscription to the log had to be made anew. */
export type Interruption =
  /** the log drops a consumer that falls behind: normal under load */
  'slow-consumer' | 'other';

export interface ProjectorCounts {
  /** batches whose commit was confirmed; one whose answer was lost is not among them, though the ledger has it */
  readonly batches: number;
  /** entries of these batches */
  readonly entries: Readonly<Record<Verdict, number>>;
  /** what these commits took together, in seconds */
  readonly commitSeconds: number;
  /** events that were delivered again, and dropped */
  readonly redeliveries: number;
  readonly interruptions: Readonly<Record<Interruption, number>>;
}

export class Counting {
  #batches = 0;
  #commitSeconds = 0;
  #redeliveries = 0;
  readonly #entries: Record<Verdict, number> = { accepted: 0, rejected: 0, duplicate: 0 };
  readonly #interruptions: Record<Interruption, number> = { 'slow-consumer': 0, other: 0 };

  committed(entries: readonly Entry[], seconds: number): void {
    this.#batches += 1;
    this.#commitSeconds += seconds;
    for (const { header } of entries) this.#entries[header.verdict] += 1;
  }

  redelivered(): void {
    this.#redeliveries += 1;
  }

  interrupted(reason: Interruption): void {
    this.#interruptions[reason] += 1;
  }

  counts(): ProjectorCounts {
    return {
      batches: this.#batches,
      entries: { ...this.#entries },
      commitSeconds: this.#commitSeconds,
      redeliveries: this.#redeliveries,
      interruptions: { ...this.#interruptions },
    };
  }
}
