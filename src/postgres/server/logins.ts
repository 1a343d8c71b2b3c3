/** The embedded database and its logins: one for each part of the program, with passwords that nobody chose. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { LedgerError } from '../../ledger/error.js';
import { storeError } from '../errors.js';
import { createClient, endClient } from '../pool.js';
import { SUPERUSER } from './cluster.js';
import { urlOf, type Endpoint } from './endpoint.js';
import { createPrivate, dataFiles, readJson } from './files.js';

/** `superuser` is for us and for demonstrations; `admin` migrates, the others have the rights that it grants them. */
export const LOGINS = ['superuser', 'admin', 'api', 'projector', 'reader'] as const;
export type Login = (typeof LOGINS)[number];

/** By login. */
export type Passwords = Readonly<Record<Login, string>>;

export const DATABASE = 'event_ledger';

/** The role's name in SQL. */
export function roleOf(login: Login): string {
  return login === 'superuser' ? SUPERUSER : login;
}

/** @throws LedgerError `invalid-configuration` when they are not there */
export async function readPasswords(dataDirectory: string): Promise<Passwords> {
  const path = dataFiles(dataDirectory).logins;
  const passwords = await readJson<Passwords>(path);
  if (passwords) return passwords;
  throw new LedgerError(
    'invalid-configuration',
    `${path} is missing; without its passwords the database there cannot be opened`,
  );
}

/** Read the passwords, or make them when there are none. */
export async function ensurePasswords(dataDirectory: string): Promise<Passwords> {
  const made = Object.fromEntries(LOGINS.map((login) => [login, randomBytes(24).toString('hex')]));
  await createPrivate(dataFiles(dataDirectory).logins, JSON.stringify(made));
  return readPasswords(dataDirectory);
}

export function loginUrl(
  endpoint: Endpoint,
  passwords: Passwords,
  login: Login,
  database = DATABASE,
): string {
  return urlOf(endpoint, { user: roleOf(login), password: passwords[login] }, database);
}

/** Make what is missing of the database and its logins. */
export async function ensureDatabase(endpoint: Endpoint, passwords: Passwords): Promise<void> {
  const url = loginUrl(endpoint, passwords, 'superuser', 'postgres');
  const client = createClient({ url, applicationName: 'event-ledger setup', statementTimeoutMs: 30_000 });
  try {
    await client.connect();
    const present = await presentNames(client);
    for (const login of LOGINS) {
      if (!present.has(roleOf(login))) await client.query(createLogin(login, passwords[login]));
    }
    if (!present.has(DATABASE)) await client.query(`CREATE DATABASE ${DATABASE}`);
    await client.query(`GRANT CREATE ON DATABASE ${DATABASE} TO ${roleOf('admin')}`);
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
