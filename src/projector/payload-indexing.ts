/**
 * Fills the payload index beside the commits, step by step, while the log has nothing that waits. Nothing depends on
 * it but the speed of queries, so its failures are said and forgotten.
 */
import type { Logger } from 'pino';
import type { Leadership } from '../read-model/port.js';

/** So long after the log came to its end: a trickle of events does not ask with every one of them. */
const PAUSE_MS = 250;

export class PayloadIndexing {
  readonly #ledger: Pick<Leadership, 'indexPayloads'>;
  readonly #logger: Logger;
  #step: AbortController | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** the log came to its end again while a step was under way */
  #again = false;
  #stopped = false;

  constructor(ledger: Pick<Leadership, 'indexPayloads'>, logger: Logger) {
    this.#ledger = ledger;
    this.#logger = logger;
  }

  /** The log is at its end: there is time. */
  calm(): void {
    if (this.#stopped || this.#timer !== null) return;
    if (this.#step !== null) {
      this.#again = true;
      return;
    }
    this.#timer = setTimeout(() => void this.#fill(), PAUSE_MS).unref();
  }

  /** Events wait: commits come first. */
  busy(): void {
    this.#again = false;
    this.#step?.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  stop(): void {
    this.#stopped = true;
    this.busy();
  }

  async #fill(): Promise<void> {
    const step = new AbortController();
    this.#timer = null;
    this.#step = step;
    try {
      let more = true;
      while (more && !step.signal.aborted) more = await this.#ledger.indexPayloads(step.signal);
    } catch (error) {
      if (!this.#stopped) this.#logger.warn({ err: error }, 'the payload index was not filled');
    } finally {
      this.#step = null;
    }
    if (this.#again) this.calm();
    this.#again = false;
  }
}
