/** What `event-ledger start` prints for a person in front of a terminal: lines ready to paste. */
import { join, relative } from 'node:path';
import type { Config } from '../config.js';
import { ADMIN_PASSWORD_FILE } from './admin-password.js';

export function banner(url: string, config: Config): string {
  const file = join(relative('', config.dataDirectory), ADMIN_PASSWORD_FILE);
  const password = config.adminPassword === null ? `$(cat ${shellQuoted(file)})` : '$LEDGER_ADMIN_PASSWORD';
  return `
The ledger runs at ${url}. In another terminal:

  # report an event
  curl -u "admin:${password}" ${url}/v1/events \\
    -H 'content-type: application/json' \\
    -d '{"source":"billing","type":"customer.billed","payload":{"customerId":"c-1","amount":12.5,"currency":"EUR"}}'

  # read the ledger, and recompute it
  curl -u "admin:${password}" ${url}/v1/events
  npx event-ledger verify

  # be the attacker: flip one byte of a payload as the database's superuser, then verify again
  npm run demo:tamper

Ctrl-C stops it; the data stay in ${relative('', config.dataDirectory) || '.'}.
`;
}

/** Inside double quotes. */
function shellQuoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
