/** The embedded database's logins: one for each part of the program, with passwords that nobody chose. */
import { randomBytes } from 'node:crypto';
import { LedgerError } from '../../ledger/error.js';
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
