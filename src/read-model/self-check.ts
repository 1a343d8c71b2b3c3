/**
 * What the ledger's promises rest on besides hashes: that the running login cannot change what is recorded, that the
 * tables, triggers and functions are those that the migrations made, and that PostgreSQL's own casts, operators and orders
 * are PostgreSQL's. Rejections are node-postgres' own.
 */
import pg from 'pg';
import { finding, type Finding } from '../ledger/finding.js';
import { compareCatalogues, goldenCatalogue, readCatalogue } from './catalogue.js';
import { storeError } from '../postgres/errors.js';
import { inTransaction } from '../postgres/pool.js';
import { checkFoundations } from './foundations.js';
import { databaseVersion, PROGRAM_VERSION } from './migrations.js';
import { ACCESS, EVENT_LOG, LEDGER } from './schema-name.js';

export interface SelfCheck {
  /** false: the database is newer than this program, which does not know what it must be */
  readonly checked: boolean;
  readonly findings: readonly Finding[];
}

export async function selfCheck(pool: pg.Pool): Promise<SelfCheck> {
  const stated = await statedVersion(pool);
  const newer = typeof stated === 'string' && stated > PROGRAM_VERSION;
  const findings = await allOf(
    () => Promise.resolve(versionFindings(stated)),
    () => excessiveRights(pool),
    ...(newer
      ? []
      : [
          () => inTransaction(pool, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', checkFoundations),
          async () => compareCatalogues(await readCatalogue(pool), goldenCatalogue()),
        ]),
  );
  return { checked: !newer, findings };
}

/** What one part finds is not lost when another is refused: a database can be altered so that it refuses. */
async function allOf(...parts: readonly (() => Promise<readonly Finding[]>)[]): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const refusals: pg.DatabaseError[] = [];
  for (const part of parts) {
    try {
      findings.push(...(await part()));
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      refusals.push(error);
    }
  }
  const [refusal] = refusals;
  if (refusal !== undefined && findings.length === 0) throw refusal;
  const refused = refusals.map(({ message }) => `the catalogue cannot be read: ${message}`);
  return [...findings, ...refused.map((detail) => finding({}, { code: 'catalogue-altered', detail }))];
}

/** What the migrations' table says, or what is wrong with it: no process of ours serves a database without it. */
async function statedVersion(pool: pg.Pool): Promise<string | Finding> {
  const altered = (detail: string): Finding =>
    finding({}, { code: 'catalogue-altered', expected: PROGRAM_VERSION, detail });
  try {
    return (
      (await databaseVersion(pool)) ??
      altered('the database states no version: the rows of the migrations are gone')
    );
  } catch (error) {
    const { code, message } = storeError(error, 'store-unavailable');
    if (code !== 'access-denied' && code !== 'schema-version') throw error;
    return altered(`the table of the migrations cannot be read: ${message}`);
  }
}

function versionFindings(stated: string | Finding): readonly Finding[] {
  if (typeof stated !== 'string') return [stated];
  if (stated >= PROGRAM_VERSION) return [];
  // migrations only go forward
  const detail = 'the database states an older version than the one that this program serves';
  return [finding({}, { code: 'catalogue-altered', expected: PROGRAM_VERSION, found: stated, detail })];
}

/** A finding for each thing that the running login may do and must not. */
async function excessiveRights(pool: pg.Pool): Promise<readonly Finding[]> {
  const { rows } = await pool.query<{ login: string; excess: string }>(
    `SELECT current_user AS login, e.excess FROM (
       SELECT 'is a superuser' FROM pg_roles WHERE rolname = current_user AND rolsuper
       UNION ALL SELECT 'may create roles' FROM pg_roles WHERE rolname = current_user AND rolcreaterole
       UNION ALL SELECT 'may pass by row security' FROM pg_roles WHERE rolname = current_user AND rolbypassrls
       UNION ALL SELECT format('may act as %s', rolname) FROM pg_roles
         WHERE rolname <> current_user AND pg_has_role(oid, 'MEMBER') AND (rolsuper OR rolname IN (
           current_database() || '_owner', 'pg_write_server_files', 'pg_execute_server_program'
         ) OR oid IN (
           SELECT nspowner FROM pg_namespace WHERE nspname IN ('${LEDGER}', '${EVENT_LOG}', '${ACCESS}')
         ))
       UNION ALL SELECT format('may CREATE in the schema %s', nspname) FROM pg_namespace
         WHERE nspname IN ('${LEDGER}', '${EVENT_LOG}', '${ACCESS}') AND has_schema_privilege(oid, 'CREATE')
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
