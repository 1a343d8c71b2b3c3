/** Arguments in forms that several commands share. */
import { LedgerError } from '../ledger/error.js';

/** For options that may be repeated. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/**
 * `name=value` arguments as query parameters, in their order.
 * @throws LedgerError `invalid-input` naming the argument without `=`
 */
export function parseParameters(parameters: readonly string[]): URLSearchParams {
  const query = new URLSearchParams();
  for (const parameter of parameters) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(parameter) ?? [];
    if (name === undefined || value === undefined) {
      throw new LedgerError('invalid-input', `--filter ${parameter}: must be of the form name=value`);
    }
    query.append(name, value);
  }
  return query;
}

/** For the help of the commands that talk to the API. */
export const CREDENTIALS_HELP = `
An API key or an access token is taken from LEDGER_TOKEN, or from the file that LEDGER_TOKEN_FILE names. Without one, the
password is LEDGER_ADMIN_PASSWORD, or in the file that LEDGER_ADMIN_PASSWORD_FILE names, or else in
LEDGER_DATA/admin-password, where an embedded ledger keeps it (LEDGER_DATA is .event-ledger unless set).`;
