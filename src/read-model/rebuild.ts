/**
 * A second read model beside the first: made empty from the same migrations, filled through a writer of its own, then
 * compared and dropped, or swapped in. All of it takes the admin login and runs by hand.
 */
import type pg from 'pg';
import { LedgerError } from '../ledger/error.js';
import type { Head } from '../ledger/types.js';
import { createClient, endClient } from '../postgres/pool.js';
import { HEAD_CHANNEL } from './head-listener.js';
import { said } from './in-our-words.js';
import { lockKey } from './lock-session.js';
import { ledgerMigrations, requireVersion } from './migrations.js';
import { ledgerRights } from './rights.js';
import { quoted, rolesOf } from './roles.js';
import { inSchema, LEDGER, schemaName, type SchemaName } from './schema-name.js';
import { readHead } from './state.js';

/** Where the new one is made: openWriter and openReader take it as `schema`, with the admin login. */
export const REBUILD = schemaName('ledger_rebuild');

/** Make it, empty; one that was left over is dropped. It has the ledger's name already. */
export function createRebuild(adminUrl: string): Promise<void> {
  return administer(adminUrl, async (client) => {
    await requireVersion(client);
    await lockLedger(client, REBUILD);
    const roles = rolesOf(await databaseName(client));
    await client.query('BEGIN');
    await client.query(`DROP SCHEMA IF EXISTS ${REBUILD} CASCADE`);
    await client.query(`CREATE SCHEMA ${REBUILD} AUTHORIZATION ${quoted(roles.owner)}`);
    await client.query(`SET LOCAL ROLE ${quoted(roles.owner)}`);
    for (const migration of ledgerMigrations()) await client.query(inSchema(migration, REBUILD));
    for (const statement of ledgerRights(REBUILD, roles)) await client.query(statement);
    await client.query(`INSERT INTO ${REBUILD}.origin TABLE ${LEDGER}.origin`);
    await client.query('COMMIT');
  });
}

/** Drop it, if it is there. */
export function dropRebuild(adminUrl: string): Promise<void> {
  return administer(adminUrl, async (client) => {
    await lockLedger(client, REBUILD);
    await client.query(`DROP SCHEMA IF EXISTS ${REBUILD} CASCADE`);
  });
}

/**
 * Put it in the ledger's place, in one transaction and while no projector runs. Readers see the new one from their next
 * statement on. The old one is kept as evidence, readable as before, until somebody drops it.
 * @param compared the heads that were found right: another head by now is refused
 * @returns the old one's schema
 * @throws LedgerError `in-use` while a projector is active, `fenced` when a head is another
 */
export function swapRebuild(
  adminUrl: string,
  compared: { readonly old: Head; readonly rebuilt: Head },
  now: Date,
): Promise<SchemaName> {
  return administer(adminUrl, async (client) => {
    await requireVersion(client);
    await lockLedger(client, LEDGER);
    await lockLedger(client, REBUILD);
    await requireHead(client, LEDGER, compared.old);
    await requireHead(client, REBUILD, compared.rebuilt);
    const kept = schemaName(`${LEDGER}_${now.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}`);
    const { owner } = rolesOf(await databaseName(client));
    // what raised an alarm may have left the log since: a rebuild ends none
    await client.query(
      `BEGIN;
       SET LOCAL ROLE ${quoted(owner)};
       INSERT INTO ${REBUILD}.alarm TABLE ${LEDGER}.alarm ON CONFLICT DO NOTHING;
       RESET ROLE;
       ALTER SCHEMA ${LEDGER} RENAME TO ${kept};
       ALTER SCHEMA ${REBUILD} RENAME TO ${LEDGER};
       COMMIT`,
    );
    await client.query('SELECT pg_catalog.pg_notify($1, $2)', [HEAD_CHANNEL, LEDGER]);
    return kept;
  });
}

function administer<Result>(adminUrl: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = createClient({
    url: adminUrl,
    applicationName: 'event-ledger rebuild',
    statementTimeoutMs: 60_000,
  });
  return said(
    (async () => {
      try {
        await client.connect();
        return await work(client);
      } finally {
        await endClient(client);
      }
    })(),
  );
}

/** The projector's lock, for as long as the session lives. */
async function lockLedger(client: pg.Client, schema: SchemaName): Promise<void> {
  const { rows } = await client.query<{ locked: boolean }>(
    'SELECT pg_catalog.pg_try_advisory_lock($1::bigint) AS locked',
    [lockKey(schema)],
  );
  if (rows[0]?.locked === true) return;
  throw new LedgerError('in-use', `a projector or a rebuild is at work on ${schema}: stop it first`);
}

async function requireHead(client: pg.Client, schema: SchemaName, expected: Head): Promise<void> {
  const { rows } = await client.query<{ size: string; hash: string }>(
    `SELECT size::text AS size, encode(hash, 'hex') AS hash FROM ${schema}.head`,
  );
  const head = readHead(rows[0]);
  if (head.size === expected.size && head.hash === expected.hash) return;
  throw new LedgerError(
    'fenced',
    `the head of ${schema} has moved since the two were compared: rebuild again`,
  );
}

async function databaseName(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ database: string }>('SELECT current_database() AS database');
  return rows[0]?.database ?? '';
}
