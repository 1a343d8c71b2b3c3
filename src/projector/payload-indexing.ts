/**
 * Fills the payload index beside the commits, step by step, while the log has nothing that waits. Nothing depends on
 * it but the speed of queries, so its failures are said and forgotten.
 */
import type { Logger } from 'pino';
import type { Leadership } from '../read-model/port.js';

/** So long after the log came to its end: a trickle of events does not ask with every one of them. */
const PAUSE_MS = 250;

/** So long, at most, it waits for a moment in which no events come in numbers: what takes them in needs the time more. */
const PATIENCE_MS = 10_000;

export class PayloadIndexing {
  readonly #ledger: Pick<Leadership, 'indexPayloads'>;
  readonly #logger: Logger;
  #step: AbortController | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** when it began to wait, as performance.now() says it */
  #waitingSince = 0;
  /** the log came to its end again while a step was under way */
  #again = false;
  #stopped = false;

  constructor(ledger: Pick<Leadership, 'indexPayloads'>, logger: Logger) {
    this.#ledger = ledger;
    this.#logger = logger;
  }

  /**
   * The log is at its end: there is time.
   * @param crowded many events came at once, and more will: a better time may come
   */
  calm(crowded = false): void {
    if (this.#stopped) return;
    if (this.#step !== null) {
      this.#again = true;
      return;
    }
    if (this.#timer === null) this.#waitingSince = performance.now();
    else if (!crowded || performance.now() - this.#waitingSince > PATIENCE_MS) return;
    else clearTimeout(this.#timer);
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
