/** Making the embedded database and its logins, in a server that runs. */
import pg from 'pg';
import { storeError } from '../errors.js';
import { createClient, endClient } from '../pool.js';
import type { Endpoint } from './endpoint.js';
import { DATABASE, LOGINS, loginUrl, roleOf, type Login, type Passwords } from './logins.js';

/** What initdb makes for whoever has no database yet. */
const INITIAL_DATABASE = 'postgres';

/** Make what is missing of the database and its logins, all of it or nothing. */
export async function ensureDatabase(endpoint: Endpoint, passwords: Passwords): Promise<void> {
  const url = loginUrl(endpoint, passwords, 'superuser', 'template1');
  const client = createClient({ url, applicationName: 'event-ledger setup', statementTimeoutMs: 30_000 });
  try {
    await client.connect();
    const present = await presentNames(client);
    const missing = LOGINS.filter((login) => !present.has(roleOf(login)));
    const statements = [
      ...missing.map((login) => createLogin(login, passwords[login])),
      // Making another one takes a tenth of a second, and more where the disk is busy.
      ...(present.has(DATABASE) ? [] : [`ALTER DATABASE ${INITIAL_DATABASE} RENAME TO ${DATABASE}`]),
      `GRANT CREATE ON DATABASE ${DATABASE} TO ${roleOf('admin')}`,
    ];
    await client.query(statements.join(';\n'));
  } catch (error) {
    throw storeError(error, 'store-unavailable');
  } finally {
    await endClient(client);
  }
}

/** The names of all roles and databases; ours do not meet. */
async function presentNames(client: pg.Client): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT rolname AS name FROM pg_catalog.pg_roles
     UNION ALL
     SELECT datname AS name FROM pg_catalog.pg_database`,
  );
  return new Set(rows.map(({ name }) => name));
}

/** PostgreSQL takes no parameters here; the password is hex digits of ours. */
function createLogin(login: Login, password: string): string {
  const rights = login === 'admin' ? 'CREATEROLE' : 'NOCREATEROLE';
  return `CREATE ROLE ${roleOf(login)} LOGIN ${rights} PASSWORD ${pg.escapeLiteral(password)}`;
}
