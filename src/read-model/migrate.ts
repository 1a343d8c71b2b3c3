/**
 * Makes and upgrades the database: group roles, schemas, migrations, rights, the ledger's name. Idempotent, and safe
 * when any number of processes run it at once.
 */
import { randomUUID } from 'node:crypto';
import type { runner } from 'node-pg-migrate';
import type pg from 'pg';
import { LedgerError } from '../ledger/error.js';
import { storeError } from '../postgres/errors.js';
import { createClient, endClient } from '../postgres/pool.js';
import {
  databaseVersion,
  MIGRATIONS_DIRECTORY,
  MIGRATIONS_SCHEMA,
  MIGRATIONS_TABLE,
  PROGRAM_VERSION,
  requireVersion,
} from './migrations.js';
import { accessRights, eventLogRights, ledgerRights, readingRights } from './rights.js';
import { ensureRoles, grantGroups, quoted, rolesOf, rolesSql, type Grant, type Roles } from './roles.js';
import { ACCESS, EVENT_LOG, LEDGER } from './schema-name.js';

export interface MigrateOptions {
  /** a login with CREATEROLE, and CREATE on the database; no superuser */
  readonly adminUrl: string;
  /** the ledger's name; default: `event-ledger.local/<uuid>` in a new database, whatever it is in an old one */
  readonly origin?: string;
  readonly grants?: readonly Grant[];
}

export interface Migrated {
  /** names of the migrations that this run applied */
  readonly applied: readonly string[];
  readonly version: string;
  readonly origin: string;
}

/** Held for a whole run; any number that is nobody else's. */
const MIGRATE_LOCK = '4713098625110744';

/**
 * @throws LedgerError `invalid-configuration` (a database of another encoding or name, another origin, an unknown
 *   login), `access-denied` (rights that the login lacks), `schema-version` (the database is newer),
 *   `store-unavailable`
 */
export async function migrate(options: MigrateOptions): Promise<Migrated> {
  const client = createClient({
    url: options.adminUrl,
    applicationName: 'event-ledger migrate',
    statementTimeoutMs: 0,
  });
  try {
    await client.connect();
    return await migrateWith(client, options);
  } catch (error) {
    throw storeError(error, 'store-unavailable');
  } finally {
    await endClient(client);
  }
}

/** What an administrator runs when the login may not create roles; asks no server. */
export function migrateSql(options: MigrateOptions): string {
  const { database, user } = createClient({ url: options.adminUrl, applicationName: 'event-ledger migrate' });
  const place = { database: database ?? '', user: user ?? '' };
  return rolesSql(rolesOf(place.database), place.database, place.user, options.grants ?? []);
}

async function migrateWith(client: pg.Client, options: MigrateOptions): Promise<Migrated> {
  const { rows } = await client.query<{ database: string; encoding: string }>(
    "SELECT pg_catalog.current_database() AS database, pg_catalog.current_setting('server_encoding') AS encoding",
  );
  const [{ database, encoding } = { database: '', encoding: '' }] = rows;
  if (encoding !== 'UTF8') {
    throw new LedgerError(
      'invalid-configuration',
      `the database ${database} has the encoding ${encoding}: make one with ENCODING 'UTF8'`,
    );
  }
  const roles = rolesOf(database);
  await client.query(`SELECT pg_catalog.pg_advisory_lock(${MIGRATE_LOCK})`);
  await requireNotNewer(client);
  await ensureRoles(client, roles, database);
  await ensureSchemas(client, roles);
  await client.query(`SET ROLE ${quoted(roles.owner)}`);
  const applied = await runMigrations(client);
  await requireVersion(client);
  await client.query(rightsOf(roles).join(';\n'));
  const origin = await fixOrigin(client, options.origin);
  await client.query('RESET ROLE');
  await grantGroups(client, roles, options.grants ?? []);
  return { applied, version: PROGRAM_VERSION, origin };
}

async function requireNotNewer(client: pg.Client): Promise<void> {
  const version = await databaseVersion(client);
  if (version !== null && version > PROGRAM_VERSION) await requireVersion(client);
}

/** The owner may own schemas, but not make any: that takes CREATE on the database, which the admin login has. */
async function ensureSchemas(client: pg.Client, roles: Roles): Promise<void> {
  const { rows } = await client.query<{ schema: string }>(
    `SELECT schema FROM pg_catalog.unnest($1::text[]) AS wanted (schema)
     WHERE pg_catalog.to_regnamespace(schema) IS NULL`,
    [[MIGRATIONS_SCHEMA, LEDGER, EVENT_LOG, ACCESS]],
  );
  const create = rows.map(({ schema }) => `CREATE SCHEMA ${schema} AUTHORIZATION ${quoted(roles.owner)}`);
  if (create.length > 0) await client.query(create.join(';\n'));
}

/** Takes a twentieth of a second, and most starts have nothing to migrate. */
export async function loadRunner(): Promise<typeof runner> {
  return (await import('node-pg-migrate')).runner;
}

async function runMigrations(client: pg.Client): Promise<readonly string[]> {
  if ((await databaseVersion(client)) === PROGRAM_VERSION) return [];
  const run = await loadRunner();
  const silent = () => undefined;
  const applied = await run({
    dbClient: client,
    dir: MIGRATIONS_DIRECTORY,
    direction: 'up',
    migrationsSchema: MIGRATIONS_SCHEMA,
    migrationsTable: MIGRATIONS_TABLE,
    advisoryLockMode: 'wait',
    logger: { debug: silent, info: silent, warn: silent, error: silent },
  });
  return applied.map(({ name }) => name);
}

function rightsOf(roles: Roles): readonly string[] {
  return [
    ...readingRights(MIGRATIONS_SCHEMA, roles),
    ...ledgerRights(LEDGER, roles),
    ...eventLogRights(roles),
    ...accessRights(roles),
  ];
}

async function fixOrigin(client: pg.Client, wanted: string | undefined): Promise<string> {
  await client.query(`INSERT INTO ${LEDGER}.origin (origin) VALUES ($1) ON CONFLICT (single) DO NOTHING`, [
    wanted ?? `event-ledger.local/${randomUUID()}`,
  ]);
  const { rows } = await client.query<{ origin: string }>(`SELECT origin FROM ${LEDGER}.origin`);
  const origin = rows[0]?.origin ?? '';
  if (wanted !== undefined && wanted !== origin) {
    throw new LedgerError(
      'invalid-configuration',
      `LEDGER_ORIGIN is '${wanted}', but this ledger's name is '${origin}' for good: unset LEDGER_ORIGIN or correct it`,
    );
  }
  return origin;
}
