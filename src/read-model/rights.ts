/**
 * What each group may do, as SQL that `migrate` runs as the owner after every migration. Nobody may UPDATE, DELETE or
 * TRUNCATE an entry or an event, the owner included (migrations/).
 */
import { quoted, type Roles } from './roles.js';
import { ACCESS, EVENT_LOG, type SchemaName } from './schema-name.js';

/** Rights on a ledger's schema: everybody reads, the projector adds and moves on. */
export function ledgerRights(schema: SchemaName, roles: Roles): readonly string[] {
  const projector = quoted(roles.projector);
  return [
    ...readingRights(schema, roles),
    `GRANT INSERT ON ${schema}.entry, ${schema}.source, ${schema}.tile, ${schema}.term, ${schema}.segment,
       ${schema}.alarm TO ${projector}`,
    `GRANT UPDATE ON ${schema}.head, ${schema}.source, ${schema}.tile TO ${projector}`,
  ];
}

/** Rights on the embedded log: everybody reads, the API appends, at places that the database gives out. */
export function eventLogRights(roles: Roles): readonly string[] {
  const api = quoted(roles.api);
  return [
    ...readingRights(EVENT_LOG, roles),
    `GRANT INSERT (source, id, type, data, metadata) ON ${EVENT_LOG}.event TO ${api}`,
    `GRANT EXECUTE ON FUNCTION ${EVENT_LOG}.append(bytea[], uuid[], boolean[], bytea[], bytea[], bytea[])
       TO ${api}`,
  ];
}

/**
 * Rights on the credentials: one group alone. What is revoked stays to be seen. Events of `_access` wait in the outbox until
 * an API process, which may append them, has done so.
 */
export function accessRights(roles: Roles): readonly string[] {
  const credentials = quoted(roles.credentials);
  const api = quoted(roles.api);
  return [
    `GRANT USAGE ON SCHEMA ${ACCESS} TO ${credentials}, ${api}`,
    `GRANT SELECT, INSERT, UPDATE ON ${ACCESS}.credential TO ${credentials}`,
    `GRANT INSERT ON ${ACCESS}.outbox TO ${credentials}`,
    `GRANT SELECT, INSERT, DELETE ON ${ACCESS}.outbox TO ${api}`,
  ];
}

/** The api and the projector are members of the readers. */
export function readingRights(schema: string, roles: Roles): readonly string[] {
  const reader = quoted(roles.reader);
  return [
    `GRANT USAGE ON SCHEMA ${schema} TO ${reader}`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${reader}`,
  ];
}
