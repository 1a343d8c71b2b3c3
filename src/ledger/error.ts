/**
 * The one error of the project. Errors are failures: something could not be done. What a verification finds
 * is data (see finding.ts), never an error.
 */

export type LedgerErrorCode =
  /** what the caller gave is wrong; the message names the place */
  | 'invalid-input'
  /** the environment or a file that configures us is wrong; the message names every mistake */
  | 'invalid-configuration'
  /** the event log cannot be reached or refuses for now; nothing was written */
  | 'log-unavailable'
  /** the event log may or may not have written; the same identities may be sent again */
  | 'log-uncertain'
  /** the event log holds something else than what the ledger was made from */
  | 'log-diverged'
  /** the read model cannot be reached or refuses for now */
  | 'store-unavailable'
  /** the API, or the issuer of tokens, cannot be reached or refuses for now */
  | 'server-unavailable'
  /** another projector moved the head: re-read it and resume from there */
  | 'fenced'
  /** the database is at another schema version than this program */
  | 'schema-version'
  /** a store refuses the credentials it was given */
  | 'access-denied'
  /** a port or a data directory is taken by another process */
  | 'in-use'
  /** a query took longer than it may */
  | 'too-slow'
  /** an assumption of ours does not hold: a bug */
  | 'internal';

const RETRYABLE: ReadonlySet<LedgerErrorCode> = new Set([
  'log-unavailable',
  'log-uncertain',
  'store-unavailable',
  'server-unavailable',
  'fenced',
]);

export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  readonly code: LedgerErrorCode;

  /** @param message what was wrong, where, and what to do about it */
  constructor(code: LedgerErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  /** True when the same call may succeed later without anybody changing anything. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}
