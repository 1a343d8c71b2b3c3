/** The migration files that ship with this program, and the version that a database is at. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { LedgerError } from '../ledger/error.js';
import { PACKAGE } from '../package.js';

/** Where the schema's version is kept, beside the ledger's own schemas: a rebuild swaps those. */
export const MIGRATIONS_SCHEMA = 'ledger_migrations';
export const MIGRATIONS_TABLE = 'migration';

export const MIGRATIONS_DIRECTORY = fileURLToPath(new URL('migrations', PACKAGE));

/** Names of the migrations in order, `0001_ledger`. */
export const MIGRATIONS: readonly string[] = readdirSync(MIGRATIONS_DIRECTORY)
  .filter((file) => file.endsWith('.sql'))
  .map((file) => file.slice(0, -'.sql'.length))
  .sort();

/** The version that this program needs: its last migration's name. */
export const PROGRAM_VERSION = MIGRATIONS.at(-1) ?? '';

/** The read model's own migrations, in order: what a rebuild makes its schema from. */
export function ledgerMigrations(): readonly string[] {
  return MIGRATIONS.filter((name) => /^\d+_ledger/.test(name)).map((name) =>
    readFileSync(join(MIGRATIONS_DIRECTORY, `${name}.sql`), 'utf8'),
  );
}

/** The last migration that the database has had, null when it was never migrated. */
export async function databaseVersion(client: pg.ClientBase | pg.Pool): Promise<string | null> {
  const { rows: tables } = await client.query<{ there: boolean }>(
    `SELECT pg_catalog.to_regclass('${MIGRATIONS_SCHEMA}.${MIGRATIONS_TABLE}') IS NOT NULL AS there`,
  );
  if (tables[0]?.there !== true) return null;
  const { rows } = await client.query<{ name: string }>(
    `SELECT name FROM ${MIGRATIONS_SCHEMA}.${MIGRATIONS_TABLE} ORDER BY name COLLATE "C" DESC LIMIT 1`,
  );
  return rows[0]?.name ?? null;
}

/** @throws LedgerError `schema-version` unless the database is at exactly this program's version */
export async function requireVersion(client: pg.ClientBase | pg.Pool): Promise<void> {
  const version = await databaseVersion(client);
  if (version === PROGRAM_VERSION) return;
  throw new LedgerError(
    'schema-version',
    version === null
      ? 'the database has no ledger yet: run event-ledger migrate'
      : `the database is at version ${version}, this program needs ${PROGRAM_VERSION}: ` +
          (version < PROGRAM_VERSION ? 'run event-ledger migrate' : 'use the program that migrated it'),
  );
}
