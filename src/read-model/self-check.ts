/**
 * What the ledger's promises rest on besides hashes: that the running login cannot change what is recorded, and that the
 * tables, triggers and functions are those that the migrations made. Rejections are node-postgres' own.
 */
import type pg from 'pg';
import { finding, type Finding } from '../ledger/finding.js';
import { compareCatalogues, goldenCatalogue, readCatalogue } from './catalogue.js';
import { databaseVersion } from './migrations.js';
import { EVENT_LOG, LEDGER } from './schema-name.js';

export interface SelfCheck {
  /** false: the database is at a version that this program does not know */
  readonly checked: boolean;
  readonly findings: readonly Finding[];
}

export async function selfCheck(client: pg.ClientBase | pg.Pool): Promise<SelfCheck> {
  const rights = await excessiveRights(client);
  const version = await databaseVersion(client);
  const golden = version === null ? null : goldenCatalogue(version);
  if (golden === null) return { checked: false, findings: rights };
  return { checked: true, findings: [...rights, ...compareCatalogues(await readCatalogue(client), golden)] };
}

/** A finding for each thing that the running login may do and must not. */
async function excessiveRights(client: pg.ClientBase | pg.Pool): Promise<readonly Finding[]> {
  const { rows } = await client.query<{ login: string; excess: string }>(
    `SELECT current_user AS login, e.excess FROM (
       SELECT 'is a superuser' FROM pg_roles WHERE rolname = current_user AND rolsuper
       UNION ALL SELECT 'may create roles' FROM pg_roles WHERE rolname = current_user AND rolcreaterole
       UNION ALL SELECT 'may pass by row security' FROM pg_roles WHERE rolname = current_user AND rolbypassrls
       UNION ALL SELECT format('may act as %s', rolname) FROM pg_roles
         WHERE rolname <> current_user AND pg_has_role(oid, 'MEMBER') AND (rolsuper OR rolname IN (
           current_database() || '_owner', 'pg_write_server_files', 'pg_execute_server_program'
         ) OR oid IN (
           SELECT nspowner FROM pg_namespace WHERE nspname IN ('${LEDGER}', '${EVENT_LOG}')
         ))
       UNION ALL SELECT format('may CREATE in the schema %s', nspname) FROM pg_namespace
         WHERE nspname IN ('${LEDGER}', '${EVENT_LOG}') AND has_schema_privilege(oid, 'CREATE')
       UNION ALL SELECT format('may %s on %s', privilege, t.oid::regclass)
         FROM (VALUES (to_regclass('${LEDGER}.entry')), (to_regclass('${EVENT_LOG}.event'))) AS t (oid)
         CROSS JOIN unnest('{UPDATE,DELETE,TRUNCATE,TRIGGER}'::text[]) AS privilege
         WHERE has_table_privilege(t.oid, privilege)
           OR privilege = 'UPDATE' AND has_any_column_privilege(t.oid, privilege)
     ) AS e (excess)`,
  );
  return rows.map(({ login, excess }) =>
    finding({}, { code: 'catalogue-altered', found: excess, detail: `the login ${login} ${excess}` }),
  );
}
