/**
 * What the log says of failures that are tried again: once an outage, and once when it is over. What passes by itself (a
 * store that restarts, a subscription that ends) is a warning; what needs a person (rights, a migration, a bug) an error,
 * also in the middle of an outage.
 */
import type { Logger } from 'pino';
import { LedgerError } from '../ledger/error.js';

export class Outage {
  readonly #logger: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
  /** the failure that was said last; null: there is no outage */
  #said: string | null = null;

  constructor(logger: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>) {
    this.#logger = logger;
  }

  failed(error: unknown): void {
    const detail = error instanceof Error ? error.message : String(error);
    const passes = passesByItself(error);
    if (this.#said !== null && (passes || this.#said === detail)) {
      this.#logger.debug({ err: error }, 'projecting was tried again, in vain');
      return;
    }
    this.#said = detail;
    if (passes) {
      this.#logger.warn({ err: error }, 'projecting was interrupted; it is tried again until it succeeds');
    } else {
      this.#logger.error({ err: error }, 'projecting failed; it is tried again until it succeeds');
    }
  }

  /** @param how what goes on now */
  over(how: string): void {
    if (this.#said !== null) this.#logger.info(how);
    this.#said = null;
  }
}

/** Too large a batch takes too long; the next ones are smaller. */
function passesByItself(error: unknown): boolean {
  return error instanceof LedgerError && (error.retryable || error.code === 'too-slow');
}
