/** What `event-ledger start` prints for a person in front of a terminal: lines ready to paste. */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Config } from '../config.js';
import { PACKAGE } from '../package.js';
import { ADMIN_PASSWORD_FILE } from './admin-password.js';

const DEFAULT_URL = 'http://127.0.0.1:8080';
const DEFAULT_DATA = '.event-ledger';

/** @param demo whether `npm run demo:tamper` is there: in a checkout, not in an installed package */
export function banner(url: string, config: Config, demo = isCheckout()): string {
  const data = relative('', config.dataDirectory);
  // typed in another terminal, which does not have the settings of this one
  const settings = data === DEFAULT_DATA ? '' : `LEDGER_DATA=${shellQuoted(data || '.')} `;
  const target = url === DEFAULT_URL ? '' : ` --url ${url}`;
  const file = join(data, ADMIN_PASSWORD_FILE);
  const password = config.adminPassword === null ? `$(cat ${shellQuoted(file)})` : '$LEDGER_ADMIN_PASSWORD';
  const trust = url.startsWith('https:') ? TRUST : '';
  return `
The ledger runs at ${url}. In another terminal:
${trust}
  # report an event
  curl -u "admin:${password}" ${url}/v1/events \\
    -H 'content-type: application/json' \\
    -d '{"source":"billing","type":"customer.billed","payload":{"customerId":"c-1","amount":12.5,"currency":"EUR"}}'

  # read the ledger, and recompute it
  curl -u "admin:${password}" ${url}/v1/events
  ${settings}npx event-ledger verify${target}
${demo ? attack(settings) : ''}
Ctrl-C stops it; the data stay in ${data || '.'}.
`;
}

/** The certificate is for a name that is known to whoever made it, and its authority may be a private one. */
const TRUST = `
  # with the name that the certificate is for, and where its authority is a private one:
  # curl --cacert FILE, and NODE_EXTRA_CA_CERTS=FILE for npx event-ledger
`;

function attack(settings: string): string {
  return `
  # be the attacker: flip one byte of a payload as the database's superuser, then verify again
  ${settings}npm run demo:tamper
`;
}

function isCheckout(): boolean {
  return existsSync(new URL('src/cli/demo-tamper.ts', PACKAGE));
}

/** A path as a word of the shell. */
function shellQuoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
