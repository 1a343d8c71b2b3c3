/** Standard output holds results only, so that commands can be piped. */
import { LedgerError } from '../ledger/error.js';

/** A line of result. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A line for the person at the terminal, which is no result. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/**
 * A text out of a file or an answer, made safe to show: control and format characters and line ends stand as
 * `\u{…}`, so that nobody writes commands to the terminal, or a line of result, into a file that we are to judge.
 */
export function shown(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  );
}

/** A disk that is full, or a pipe that nobody reads any more: the same command may succeed when that is mended. */
export function unwritable(what: string, cause: unknown): LedgerError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LedgerError('store-unavailable', `${what} cannot be written: ${reason}`, { cause });
}
