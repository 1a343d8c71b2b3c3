/** Real PostgreSQL for tests: fresh databases in the run's server, and servers that a test may stop and kill. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';

export { startTestServer as startServer, type TestServer } from './postgres-server.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** a superuser's URL in the server of this run */
    postgresUrl: string;
  }
}

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

/** @param serverUrl a superuser's URL; default: the server of this run */
export async function createDatabase(serverUrl: string = inject('postgresUrl')): Promise<TestDatabase> {
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
