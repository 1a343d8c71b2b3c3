/** `event-ledger migrate`: makes and upgrades the database. */
import type { Command } from 'commander';
import type { MigrateArguments } from './migrating.js';
import { collect } from './parameters.js';
import type { Run } from './stopping.js';

export function addMigrate(program: Command, run: Run): void {
  program
    .command('migrate')
    .description(
      'make or upgrade the database as DATABASE_ADMIN_URL (CREATEROLE, and CREATE on it; no superuser)',
    )
    .option(
      '--grant <login=roles>',
      'give a login group roles, such as app=api,projector; may be repeated',
      collect,
      [],
    )
    .option('--print-sql', 'print what an administrator must run when that login may not create roles')
    .option('--json', 'print the result as JSON')
    .action((options: MigrateArguments) =>
      run(async () => (await import('./migrating.js')).migrateDatabase(options)),
    );
}
