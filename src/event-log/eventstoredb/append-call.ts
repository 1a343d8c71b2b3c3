/** One call of append, from the queue to its answer. */
import { LedgerError } from '../../ledger/error.js';
import type { AppendOutcome, Candidate } from '../port.js';

/** A candidate and the place of its outcome. */
export interface Item {
  readonly call: AppendCall;
  readonly at: number;
  readonly candidate: Candidate;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export class AppendCall {
  /** identities at lower revisions were looked for; null: the caller does not know */
  readonly since: number | null;
  readonly outcome: Promise<readonly AppendOutcome[]>;
  /** a request that carries items of it was sent and has not been answered for certain */
  underWay = false;
  readonly #items: Item[];
  readonly #outcomes: (AppendOutcome | null)[];
  readonly #timer: NodeJS.Timeout;
  #left: number;
  #mayStand = false;
  #settled = false;
  #resolve!: (outcomes: readonly AppendOutcome[]) => void;
  #reject!: (error: LedgerError) => void;

  /** @throws LedgerError `invalid-input` for an id that is no UUID */
  constructor(candidates: readonly Candidate[], since: number | null, deadlineMs: number) {
    for (const [at, { id }] of candidates.entries()) {
      if (!UUID.test(id))
        throw new LedgerError('invalid-input', `candidate ${at}: the id is no lower-case UUID`);
    }
    this.since = since;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#items = candidates.map((candidate, at) => ({ call: this, at, candidate }));
    this.#outcomes = candidates.map(() => null);
    this.#left = candidates.length;
    this.#timer = setTimeout(() => {
      this.fail(new LedgerError('log-unavailable', `EventStoreDB did not answer within ${deadlineMs} ms`));
    }, deadlineMs);
    if (this.#left === 0) this.#settle();
  }

  /** It has been answered: nobody waits for the rest. */
  get settled(): boolean {
    return this.#settled;
  }

  /** The items that were not sent yet, in order; whoever takes some removes them. */
  get waiting(): Item[] {
    return this.#items;
  }

  isOpen(at: number): boolean {
    return this.#outcomes[at] === null;
  }

  note(at: number, outcome: AppendOutcome): void {
    if (this.#outcomes[at] === null) this.#left -= 1;
    this.#outcomes[at] = outcome;
    if (outcome.status === 'appended') this.#mayStand = true;
    if (this.#left === 0) this.#settle();
  }

  /** Reject it, with `log-uncertain` if something of it was written or may have been. */
  fail(error: LedgerError): void {
    if (this.#settled) return;
    this.#end();
    const uncertain = (this.underWay || this.#mayStand) && error.code !== 'internal';
    this.#reject(
      uncertain
        ? new LedgerError('log-uncertain', `EventStoreDB may or may not have written: ${error.message}`, {
            cause: error,
          })
        : error,
    );
  }

  #settle(): void {
    if (this.#settled) return;
    this.#end();
    this.#resolve(this.#outcomes.filter((outcome) => outcome !== null));
  }

  #end(): void {
    this.#settled = true;
    clearTimeout(this.#timer);
  }
}
