/** `event-ledger credential`: who may ask the API. */
import type { Command } from 'commander';
import type * as Doing from './credentials.js';
import type { AddArguments, RotateArguments, Shown } from './credentials.js';
import type { ExitCode } from './exit.js';
import { collect } from './parameters.js';
import type { Run } from './stopping.js';

const PLACE_HELP = `
The credentials are in the database, and this command changes them there: as DATABASE_ADMIN_URL, or in the embedded
PostgreSQL of LEDGER_DATA, which may be running. API processes know of it within a second. A secret is printed to standard
output once, and kept nowhere.`;

export function addCredential(program: Command, run: Run): void {
  const doing = (act: (doing: typeof Doing, stop: AbortSignal) => Promise<ExitCode>) =>
    run(async (stop) => act(await import('./credentials.js'), stop));
  const credential = program
    .command('credential')
    .description('keys and passwords of those who may ask the API')
    .addHelpText('after', PLACE_HELP);
  credential
    .command('add <name>')
    .description('make a key for a principal, whose name stands in what it records')
    .option('--role <role>', 'writer, reader, auditor, monitor or admin; may be repeated', collect, [])
    .option(
      '--source <pattern>',
      'what a writer writes to and a reader reads, such as billing.*; may be repeated',
      collect,
      [],
    )
    .option('--password', 'make a password, for what cannot send a key: the user is the name')
    .option('--expires-in <time>', 'such as 90d, 12h or 30m; never unless given')
    .option('--json', 'print the result as JSON')
    .action((name: string, options: AddArguments) =>
      doing(({ addCredential: add }, stop) => add(name, options, stop)),
    );
  credential
    .command('list')
    .description('show who has which, when it was used last, and until when it is good')
    .option('--json', 'print them as JSON, those that were revoked, too')
    .action((options: Shown) => doing(({ listCredentials }, stop) => listCredentials(options, stop)));
  credential
    .command('revoke <id>')
    .description('end one within a second, for good')
    .option('--json', 'print the result as JSON')
    .action((id: string, options: Shown) =>
      doing(({ revokeCredential }, stop) => revokeCredential(id, options, stop)),
    );
  credential
    .command('rotate <id>')
    .description('make another secret, under another id, for what a credential may, and end the old one')
    .option('--overlap <time>', 'how long the old key still works, such as 1h; not at all unless given')
    .option('--json', 'print the result as JSON')
    .action((id: string, options: RotateArguments) =>
      doing(({ rotateCredential }, stop) => rotateCredential(id, options, stop)),
    );
}
