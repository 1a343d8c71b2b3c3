/** Making and upgrading the database, as the command line asks for it. */
import { readConfig } from '../config.js';
import { LedgerError } from '../ledger/error.js';
import { migrate, migrateSql, type MigrateOptions } from '../read-model/migrate.js';
import { GROUPS, type Grant, type Group } from '../read-model/roles.js';
import { EXIT, type ExitCode } from './exit.js';
import { print } from './output.js';

export interface MigrateArguments {
  readonly grant: readonly string[];
  readonly printSql?: boolean;
  readonly json?: boolean;
}

/** @throws LedgerError `invalid-configuration`, `invalid-input` (an argument), and what migrating throws */
export async function migrateDatabase(args: MigrateArguments): Promise<ExitCode> {
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
