/** `--patience`: how long a command waits for a server that is away. */
import { LedgerError } from '../ledger/error.js';

/** In milliseconds. */
export interface Patience {
  readonly ms: number;
  /** before the server has answered once */
  readonly firstMs: number;
}

/** A server that never answered is not running, or elsewhere: whoever did not say to wait for it learns it soon. */
const FIRST_MS = 3_000;

/**
 * @param seconds as given on the command line
 * @param usualMs without that
 * @throws LedgerError `invalid-input`
 */
export function patienceOf(seconds: string | undefined, usualMs: number): Patience {
  if (seconds === undefined) return { ms: usualMs, firstMs: FIRST_MS };
  if (!/^\d{1,9}(?:\.\d{1,3})?$/.test(seconds)) {
    const detail = 'must be a number of seconds, such as 60 or 0.5';
    throw new LedgerError('invalid-input', `--patience ${seconds}: ${detail}`);
  }
  const ms = Number(seconds) * 1_000;
  return { ms, firstMs: ms };
}
