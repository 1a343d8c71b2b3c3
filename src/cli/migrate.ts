/** `event-ledger migrate`: makes and upgrades the database. */
import type { Command } from 'commander';
import { readConfig } from '../config.js';
import { LedgerError } from '../ledger/error.js';
import { migrate, migrateSql, type MigrateOptions } from '../read-model/migrate.js';
import { GROUPS, type Grant, type Group } from '../read-model/roles.js';
import { EXIT, type ExitCode } from './exit.js';
import { print } from './output.js';
import { collect } from './parameters.js';

interface MigrateArguments {
  readonly grant: readonly string[];
  readonly printSql?: boolean;
  readonly json?: boolean;
}

export function addMigrate(program: Command, run: (action: () => Promise<ExitCode>) => Promise<void>): void {
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
    .action((options: MigrateArguments) => run(() => migrateDatabase(options)));
}

async function migrateDatabase(args: MigrateArguments): Promise<ExitCode> {
  const config = readConfig(process.env);
  if (config.databaseAdminUrl === null) {
    throw new LedgerError('invalid-configuration', 'DATABASE_ADMIN_URL: must be set for this command');
  }
  const options: MigrateOptions = {
    adminUrl: config.databaseAdminUrl,
    grants: args.grant.map(parseGrant),
    ...(config.origin === null ? {} : { origin: config.origin }),
  };
  if (args.printSql === true) {
    print(migrateSql(options));
    return EXIT.done;
  }
  const migrated = await migrate(options);
  if (args.json === true) print(JSON.stringify(migrated));
  else {
    const applied =
      migrated.applied.length === 0 ? 'nothing to do' : `applied ${migrated.applied.join(', ')}`;
    print(`${applied}; the database of ${migrated.origin} is at version ${migrated.version}`);
  }
  return EXIT.done;
}

/** @throws LedgerError `invalid-input` naming the argument */
function parseGrant(argument: string): Grant {
  const separator = argument.lastIndexOf('=');
  const login = argument.slice(0, separator);
  const groups = argument.slice(separator + 1).split(',');
  const known = groups.filter((group): group is Group => (GROUPS as readonly string[]).includes(group));
  if (separator > 0 && known.length === groups.length) return { login, groups: known };
  throw new LedgerError(
    'invalid-input',
    `--grant ${argument}: must be of the form login=role,role with the roles ${GROUPS.join(', ')}`,
  );
}
