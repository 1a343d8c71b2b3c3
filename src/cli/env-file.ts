/** `--env-file`: settings from a file of NAME=value lines, for those who start us otherwise than through Node itself. */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { LedgerError } from '../ledger/error.js';

/**
 * Adds what the file sets to the environment. What the environment sets already stays, as with Node's own option.
 * @throws LedgerError `invalid-configuration` when the file cannot be read
 */
export function readEnvFile(path: string, environment: NodeJS.ProcessEnv): void {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const reason = (error as Error).message;
    throw new LedgerError('invalid-configuration', `--env-file ${path}: cannot be read (${reason})`, {
      cause: error,
    });
  }
  for (const [name, value] of Object.entries(parseEnv(text))) environment[name] ??= value;
}
