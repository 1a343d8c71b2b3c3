/**
 * The group roles: who may do what. Nobody logs in as one of them; logins are the operator's and are granted the
 * groups they need. Roles belong to the whole server, so each is named for its database.
 */
import type pg from 'pg';
import { LedgerError } from '../ledger/error.js';

export const GROUPS = ['reader', 'api', 'projector', 'credentials'] as const;

/** What a login can be granted. */
export type Group = (typeof GROUPS)[number];

/** owner: owns everything and cannot log in; reader: SELECT on the ledger and the log; the others: see rights.ts. */
export type Roles = Readonly<Record<'owner' | Group, string>>;

export interface Grant {
  readonly login: string;
  readonly groups: readonly Group[];
}

const MAX_IDENTIFIER_BYTES = 63;

/** @throws LedgerError `invalid-configuration` when the database's name leaves no room for them */
export function rolesOf(database: string): Roles {
  const roles: Roles = {
    owner: `${database}_owner`,
    reader: `${database}_reader`,
    api: `${database}_api`,
    projector: `${database}_projector`,
    credentials: `${database}_credentials`,
  };
  const longest = MAX_IDENTIFIER_BYTES - Buffer.byteLength('_credentials');
  if (Buffer.byteLength(database) > longest) {
    throw new LedgerError(
      'invalid-configuration',
      `the database's name has more than ${longest} bytes: PostgreSQL would cut the names of its roles ` +
        `(${roles.credentials}, …); use a database with a shorter name`,
    );
  }
  return roles;
}

/** An identifier as it stands in SQL, whatever characters it has. */
export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

/**
 * Make the groups that are missing, and let the running login act as their owner. Whoever calls holds the migration's
 * lock, so nobody else makes the same roles at the same time.
 * @throws LedgerError `access-denied` saying what an administrator has to run
 */
export async function ensureRoles(client: pg.ClientBase, roles: Roles, database: string): Promise<void> {
  const present = await existingRoles(client, roles);
  const missing = Object.values(roles).filter((role) => !present.has(role));
  try {
    if (missing.length > 0) {
      await client.query([...missing.map(createRole), groupsOfGroups(roles)].join(';\n'));
    }
    if (!(await mayActAs(client, roles.owner))) {
      await client.query(`GRANT ${quoted(roles.owner)} TO CURRENT_USER${await withAllOptions(client)}`);
    }
  } catch (error) {
    throw new LedgerError(
      'access-denied',
      `this login can neither make the roles of the database ${database} nor act as ${roles.owner}: ` +
        `${(error as Error).message}; let an administrator run what event-ledger migrate --print-sql prints`,
      { cause: error },
    );
  }
}

/** Give logins their groups. @throws LedgerError `access-denied`, `invalid-configuration` for an unknown login */
export async function grantGroups(
  client: pg.ClientBase,
  roles: Roles,
  grants: readonly Grant[],
): Promise<void> {
  const logins = new Set(
    (
      await client.query<{ rolname: string }>(
        'SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = ANY($1::name[])',
        [grants.map(({ login }) => login)],
      )
    ).rows.map(({ rolname }) => rolname),
  );
  const unknown = grants.find(({ login }) => !logins.has(login));
  if (unknown !== undefined) {
    throw new LedgerError(
      'invalid-configuration',
      `there is no login '${unknown.login}' to grant groups to: make it first, with CREATE ROLE … LOGIN`,
    );
  }
  if (grants.length > 0) await client.query(grants.map((grant) => grantStatement(roles, grant)).join(';\n'));
}

/** Everything about roles that a migration needs, for an administrator to run where its login may not. */
export function rolesSql(roles: Roles, database: string, admin: string, grants: readonly Grant[]): string {
  return [
    '-- Once, by a login that may create roles. Roles that are there already are no harm.',
    ...Object.values(roles).map((role) => `${createRole(role)};`),
    `${groupsOfGroups(roles)};`,
    `GRANT ${quoted(roles.owner)} TO ${quoted(admin)};`,
    `GRANT CREATE ON DATABASE ${quoted(database)} TO ${quoted(admin)};`,
    ...grants.map((grant) => `${grantStatement(roles, grant)};`),
    '',
  ].join('\n');
}

function createRole(role: string): string {
  return `CREATE ROLE ${quoted(role)} NOLOGIN INHERIT`;
}

/** Both kinds of process read. */
function groupsOfGroups(roles: Roles): string {
  return `GRANT ${quoted(roles.reader)} TO ${quoted(roles.api)}, ${quoted(roles.projector)}`;
}

function grantStatement(roles: Roles, { login, groups }: Grant): string {
  return `GRANT ${groups.map((group) => quoted(roles[group])).join(', ')} TO ${quoted(login)}`;
}

async function existingRoles(client: pg.ClientBase, roles: Roles): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ rolname: string }>(
    'SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = ANY($1::name[])',
    [Object.values(roles)],
  );
  return new Set(rows.map(({ rolname }) => rolname));
}

/** From PostgreSQL 16 on a membership may lack the use of the rights, or SET ROLE. */
async function withAllOptions(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ split: boolean }>(
    "SELECT pg_catalog.current_setting('server_version_num')::integer >= 160000 AS split",
  );
  return rows[0]?.split === true ? ' WITH INHERIT TRUE, SET TRUE' : '';
}

/** Whether the running login has the role's rights and may SET ROLE to it. */
async function mayActAs(client: pg.ClientBase, role: string): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>(
    `SELECT pg_catalog.pg_has_role($1::name, 'USAGE') AND CASE
       WHEN pg_catalog.current_setting('server_version_num')::integer >= 160000
       THEN pg_catalog.pg_has_role($1::name, 'SET') ELSE true END AS may`,
    [role],
  );
  return rows[0]?.may === true;
}
