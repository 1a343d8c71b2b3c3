/** Trying again: with pauses that grow, for as long as somebody is willing to wait. */
import type { ApiError } from './connection.js';

export interface PatienceOptions {
  /** how long, in milliseconds, a server may take nothing at all; Infinity: as long as it takes */
  readonly ms: number;
  /** the same before it has answered once; `ms` unless given */
  readonly firstMs?: number;
  /** gives up at once */
  readonly signal?: AbortSignal;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** A server that asks for more is asked again all the same. */
const LONGEST_RETRY_AFTER_MS = 10_000;

export class Patience {
  readonly #options: PatienceOptions;
  #deadline: number;
  #pauses = 0;

  constructor(options: PatienceOptions) {
    this.#options = options;
    this.#deadline = performance.now() + (options.firstMs ?? options.ms);
  }

  /** Something was taken: the patience is for a server that takes nothing. */
  renew(): void {
    this.#deadline = performance.now() + this.#options.ms;
    this.#pauses = 0;
  }

  /** Whether there may be another try after an error. */
  isFor(error: ApiError): boolean {
    return error.retryable && performance.now() < this.#deadline;
  }

  /**
   * Wait before the next try.
   * @param error why there has to be one
   * @throws the error, when trying again does not help or there was enough of it; the signal's reason when aborted
   */
  async pause(error: ApiError): Promise<void> {
    if (!this.isFor(error)) throw error;
    const left = Math.max(this.#deadline - performance.now(), 0);
    const grown = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#pauses);
    const asked = Math.min(error.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
    this.#pauses += 1;
    // of many clients that a server has refused at once, each comes back at a time of its own
    const ms = Math.max(asked, grown) * (0.75 + Math.random() / 4);
    await sleep(Math.min(ms, left), this.#options.signal);
  }
}

/** @throws the signal's reason */
async function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
