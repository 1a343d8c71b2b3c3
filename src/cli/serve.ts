/** `event-ledger start`, `api` and `projector`: the commands that run until they are stopped. */
import type { Command } from 'commander';
import type { ServingCommand } from './serving.js';
import type { Run } from './stopping.js';

const DESCRIPTIONS: Readonly<Record<ServingCommand, string>> = {
  start: 'run everything in one process, on an embedded PostgreSQL unless DATABASE_URL names another',
  api: 'run the API; requires DATABASE_URL',
  projector: 'run a projector, which waits while another one is active; requires DATABASE_URL',
};

const SETTINGS_HELP = `
Settings come from the environment:
  HOST, PORT             where the API listens (127.0.0.1, 8080); projector: where it serves /livez, /readyz, /health and
                         /metrics, which it does only where PORT is set
  LEDGER_DATA            the embedded server's data (.event-ledger)
  LEDGER_ADMIN_PASSWORD  password of the user admin (embedded: made, and kept in LEDGER_DATA/admin-password);
                         projector: without one nobody sees more than its probes
  LEDGER_ORIGIN          the ledger's name, fixed by the first migrate
  DATABASE_URL           a PostgreSQL of your own, in place of the embedded one
  MAX_TAILS              live tails that are served at once (100)
  MAX_CONNECTIONS        connections that are open at once (10000)
  RATE_LIMIT_ADDRESS, RATE_LIMIT_PRINCIPAL
                         requests a minute (1000000); 0: no limit
  RATE_LIMIT_FAILED_LOGINS
                         wrong passwords a minute for a user from an address (20); 0: no limit
  TLS_CERT_FILE, TLS_KEY_FILE
                         PEM files: with them it is HTTPS; SIGHUP reads them again
  TRUST_PROXY            addresses and networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed (none)
  ALLOW_PLAIN_HTTP       true: credentials are taken over plain HTTP from other machines, too (false)
  CORS_ORIGINS           origins whose pages may ask the API, with commas between them (none)
  LOG_LEVEL              silent, fatal, error, warn, info, debug or trace (info)
Passwords and URLs may also be in files: LEDGER_ADMIN_PASSWORD_FILE, DATABASE_URL_FILE name them.`;

export function addServe(program: Command, run: Run): void {
  for (const name of Object.keys(DESCRIPTIONS) as ServingCommand[]) {
    program
      .command(name)
      .description(DESCRIPTIONS[name])
      .addHelpText('after', SETTINGS_HELP)
      // loaded when it runs: the other commands need neither server nor database
      .action(() => run(async (stop) => (await import('./serving.js')).serve(name, stop)));
  }
}
