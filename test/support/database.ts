/** Databases in a real PostgreSQL: fresh ones, and migrated ones with a login for each kind of process. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrate } from '../../src/read-model/migrate.js';

export interface TestDatabase {
  readonly name: string;
  /** as a superuser, on this database */
  readonly superuserUrl: string;
  /** as a login with CREATEROLE, and CREATE on this database: what one gets on a managed PostgreSQL */
  readonly adminUrl: string;
  readonly adminUser: string;
  /** removes the database, whoever is connected, and every role whose name begins with the database's and `_` */
  drop(): Promise<void>;
}

export interface LedgerDatabase extends TestDatabase {
  readonly origin: string;
  /** granted the group reader */
  readonly readerUrl: string;
  /** granted the groups api and credentials */
  readonly apiUrl: string;
  /** granted the group projector */
  readonly projectorUrl: string;
  /** granted api and projector: one process that is everything */
  readonly allUrl: string;
}

/** @param serverUrl a superuser's URL */
export async function createDatabaseOn(serverUrl: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const adminUser = `${name}_admin`;
  const password = randomBytes(12).toString('hex');
  await query(serverUrl, [
    `CREATE ROLE ${adminUser} LOGIN CREATEROLE PASSWORD '${password}'`,
    `CREATE DATABASE ${name}`,
    `GRANT CREATE ON DATABASE ${name} TO ${adminUser}`,
  ]);
  return {
    name,
    superuserUrl: withParts(serverUrl, { database: name }),
    adminUrl: withParts(serverUrl, { database: name, user: adminUser, password }),
    adminUser,
    drop: () => dropDatabase(serverUrl, name),
  };
}

/**
 * A migrated database with a login for each kind of process: what a production installation has.
 * @param serverUrl a superuser's URL
 */
export async function createLedgerDatabaseOn(serverUrl: string): Promise<LedgerDatabase> {
  const database = await createDatabaseOn(serverUrl);
  const password = randomBytes(12).toString('hex');
  const login = (name: string): string => `${database.name}_${name}_login`;
  await asSuperuser(database, async (client) => {
    for (const name of ['reader', 'api', 'projector', 'all']) {
      await client.query(`CREATE ROLE ${login(name)} LOGIN PASSWORD '${password}'`);
    }
  });
  const { origin } = await migrate({
    adminUrl: database.adminUrl,
    grants: [
      { login: login('reader'), groups: ['reader'] },
      { login: login('api'), groups: ['api', 'credentials'] },
      { login: login('projector'), groups: ['projector'] },
      { login: login('all'), groups: ['api', 'projector'] },
    ],
  });
  const urlOf = (name: string): string => withParts(database.adminUrl, { user: login(name), password });
  return {
    ...database,
    origin,
    readerUrl: urlOf('reader'),
    apiUrl: urlOf('api'),
    projectorUrl: urlOf('projector'),
    allUrl: urlOf('all'),
  };
}

/** Run something as a superuser: what an attacker with the database in hands could do. */
export async function asSuperuser<Result>(
  database: TestDatabase,
  run: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: database.superuserUrl });
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}

/** The URL of another database, or as another user, of the same server. */
export function withParts(
  url: string,
  parts: { readonly database?: string; readonly user?: string; readonly password?: string },
): string {
  const changed = new URL(url);
  if (parts.database !== undefined) changed.pathname = `/${encodeURIComponent(parts.database)}`;
  if (parts.user !== undefined) changed.username = encodeURIComponent(parts.user);
  if (parts.password !== undefined) changed.password = encodeURIComponent(parts.password);
  return changed.href;
}

async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  const roles = await query(serverUrl, [
    `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`,
    `SELECT quote_ident(rolname) AS role FROM pg_catalog.pg_roles WHERE starts_with(rolname, '${name}_')`,
  ]);
  // at once: they have granted each other memberships
  const names = roles.map(({ role }) => role).join(', ');
  if (names !== '') await query(serverUrl, [`DROP ROLE ${names}`]);
}

async function query(url: string, statements: readonly string[]): Promise<readonly Record<string, string>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let rows: readonly Record<string, string>[] = [];
    for (const statement of statements) rows = (await client.query<Record<string, string>>(statement)).rows;
    return rows;
  } finally {
    await client.end();
  }
}
