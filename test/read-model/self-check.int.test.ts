import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenCatalogue, readCatalogue } from '../../src/read-model/catalogue.js';
import { checkFoundations } from '../../src/read-model/foundations.js';
import { openReader } from '../../src/read-model/reader.js';
import { openWriter } from '../../src/read-model/writer.js';
import { createPool } from '../../src/postgres/pool.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';

let database: LedgerDatabase;
beforeAll(async () => {
  database = await createLedgerDatabase();
});
afterAll(() => database.drop());

/** Values other than those of our sessions. */
const OTHER = ['on', 'off', "'German'", "'sql_standard'", 'off'];

async function checkAs(url: string): Promise<{ checked: boolean; details: readonly string[] }> {
  const reader = openReader({ url, connections: 1 });
  const { checked, findings } = await reader.selfCheck();
  await reader.close();
  return { checked, details: findings.map(({ detail }) => detail ?? '') };
}

describe('the catalogue that ships', () => {
  it('is what the migrations make: npm run catalogue writes it', async () => {
    const pool = createPool({ url: database.readerUrl, applicationName: 'test', max: 1 });
    expect(await readCatalogue(pool)).toEqual(goldenCatalogue());
    await pool.end();
  });
});

describe('the self-check', () => {
  it.each(['readerUrl', 'apiUrl', 'projectorUrl', 'allUrl'] as const)(
    'has nothing against %s',
    async (url) => {
      expect(await checkAs(database[url])).toEqual({ checked: true, details: [] });
      const writer = openWriter({ url: database[url] });
      expect(await writer.selfCheck()).toEqual({ checked: true, findings: [] });
      await writer.close();
    },
  );

  it('names what a login may do that it must not', async () => {
    expect((await checkAs(database.adminUrl)).details).toEqual(
      expect.arrayContaining([
        expect.stringContaining('may create roles'),
        expect.stringContaining(`may act as ${database.name}_owner`),
        expect.stringContaining('may CREATE in the schema ledger'),
        expect.stringContaining('may CREATE in the schema access'),
        expect.stringContaining('may TRIGGER on ledger.entry'),
      ]),
    );
    expect((await checkAs(database.superuserUrl)).details).toEqual(
      expect.arrayContaining([
        expect.stringContaining('is a superuser'),
        expect.stringContaining('may UPDATE on ledger.entry'),
        expect.stringContaining('may TRUNCATE on event_log.event'),
      ]),
    );
  });

  it('names what a login was given besides its groups', async () => {
    const login = `${database.name}_reader_login`;
    const giving = `ALTER ROLE ${login} BYPASSRLS; GRANT pg_write_server_files TO ${login};
      GRANT UPDATE (data) ON ledger.entry TO ${login}`;
    const taking = `ALTER ROLE ${login} NOBYPASSRLS; REVOKE pg_write_server_files FROM ${login};
      REVOKE UPDATE (data) ON ledger.entry FROM ${login}`;
    await asSuperuser(database, (client) => client.query(giving));
    const { details } = await checkAs(database.readerUrl).finally(() =>
      asSuperuser(database, (client) => client.query(taking)),
    );
    expect(details).toEqual(
      expect.arrayContaining([
        `the login ${login} may pass by row security`,
        `the login ${login} may act as pg_write_server_files`,
        `the login ${login} may UPDATE on ledger.entry`,
      ]),
    );
  });

  const reader = (): string => `${database.name}_reader`;
  it.each([
    ['ALTER TABLE ledger.entry DISABLE TRIGGER refuse_row', 'trigger ledger.entry refuse_row'],
    ['ALTER TABLE ledger.entry ENABLE TRIGGER refuse_statement', 'trigger ledger.entry refuse_statement'],
    ['DROP TRIGGER refuse_statement ON event_log.event', 'trigger event_log.event refuse_statement'],
    ['ALTER TABLE ledger.origin DISABLE TRIGGER ALL', 'trigger ledger.origin refuse_statement'],
    [
      `CREATE TRIGGER zz BEFORE INSERT ON ledger.entry FOR EACH ROW EXECUTE FUNCTION ledger.refuse();
       UPDATE pg_trigger SET tgisinternal = true WHERE tgname = 'zz'`,
      'trigger ledger.entry zz',
    ],
    [
      "UPDATE pg_class SET relhastriggers = false WHERE oid = 'ledger.entry'::regclass",
      'relation ledger.entry',
    ],
    ['ALTER FUNCTION ledger.refuse() PARALLEL SAFE LEAKPROOF', 'function ledger.refuse()'],
    [
      `CREATE OR REPLACE FUNCTION ledger.refuse() RETURNS trigger LANGUAGE plpgsql
       SET search_path = pg_catalog, pg_temp AS 'BEGIN RETURN NEW; END'`,
      'function ledger.refuse()',
    ],
    [
      'CREATE FUNCTION ledger.other() RETURNS integer LANGUAGE sql AS $$SELECT 1$$',
      'function ledger.other()',
    ],
    ['CREATE RULE quiet AS ON INSERT TO ledger.entry DO INSTEAD NOTHING', 'rule ledger.entry quiet'],
    ['ALTER TABLE ledger.entry ENABLE ROW LEVEL SECURITY', 'relation ledger.entry'],
    ['CREATE POLICY hidden ON ledger.entry USING (index <> 17)', 'policy ledger.entry hidden'],
    ['CREATE TABLE public.child () INHERITS (ledger.entry)', 'inheritance public.child'],
    ['CREATE TABLE ledger.other ()', 'relation ledger.other'],
    ['CREATE VIEW ledger.shown AS SELECT 1', 'relation ledger.shown'],
    ['CREATE TYPE ledger.mood AS ENUM ()', 'type ledger.mood'],
    ['ALTER TABLE ledger.entry ADD COLUMN note text', 'column ledger.entry.note'],
    [
      'ALTER TABLE ledger.entry ALTER COLUMN recorded_at TYPE timestamptz(6)',
      'column ledger.entry.recorded_at',
    ],
    ['ALTER TABLE ledger.entry ALTER COLUMN data DROP NOT NULL', 'column ledger.entry.data'],
    ['ALTER TABLE ledger.entry ALTER COLUMN source TYPE text COLLATE "POSIX"', 'column ledger.entry.source'],
    ["ALTER TABLE ledger.entry ALTER COLUMN actor SET DEFAULT 'x'", 'column ledger.entry.actor'],
    ['ALTER TABLE ledger.entry DROP CONSTRAINT entry_pkey', 'constraint ledger.entry entry_pkey'],
    ['DROP INDEX ledger.entry_identity', 'index ledger.entry_identity'],
    [
      "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ledger.entry_pkey'::regclass",
      'index ledger.entry_pkey',
    ],
    ['ALTER TABLE ledger.head SET UNLOGGED', 'relation ledger.head'],
    ['ALTER TABLE ledger.entry OWNER TO CURRENT_USER', 'relation ledger.entry'],
    [() => `GRANT UPDATE ON ledger.entry TO ${reader()}`, 'relation ledger.entry'],
    [() => `GRANT UPDATE (data) ON event_log.event TO ${reader()}`, 'column event_log.event.data'],
    [() => `GRANT CREATE ON SCHEMA ledger TO ${reader()}`, 'schema ledger'],
    [() => `GRANT INSERT ON access.credential TO ${reader()}`, 'relation access.credential'],
    [() => `GRANT UPDATE (roles) ON access.credential TO ${reader()}`, 'column access.credential.roles'],
    [() => `GRANT CREATE ON SCHEMA access TO ${reader()}`, 'schema access'],
    ['DROP TRIGGER tell ON access.credential', 'trigger access.credential tell'],
    ['CREATE RULE quiet AS ON INSERT TO access.outbox DO INSTEAD NOTHING', 'rule access.outbox quiet'],
    ['ALTER TABLE event_log.event DROP CONSTRAINT event_size', 'constraint event_log.event event_size'],
  ] as const)('finds what %s does', async (statement, object) => {
    const sql = typeof statement === 'string' ? statement : statement();
    await asSuperuser(database, async (client) => {
      // in a transaction that others never see: the check runs in it, as the reader
      await client.query('BEGIN');
      await client.query(`SET LOCAL allow_system_table_mods = on; ${sql}`);
      await client.query('SET LOCAL search_path = pg_catalog');
      const golden = goldenCatalogue();
      const found = await readCatalogue(client);
      await client.query('ROLLBACK');
      const changed = [...new Set([...Object.keys(golden), ...Object.keys(found)])].filter(
        (key) => golden[key] !== found[key],
      );
      expect(changed).toContain(object);
    });
  });

  it.each([
    [
      'UPDATE pg_cast SET castcontext = castcontext WHERE castsource = 23 AND casttarget = 20',
      'cast from int4 to int8',
    ],
    ['CREATE CAST (text AS uuid) WITH INOUT AS IMPLICIT', 'cast from text to uuid'],
    ["UPDATE pg_operator SET oprcode = 'int8gt'::regproc WHERE oid = 410", 'operator = of int8 and int8'],
    [
      `CREATE FUNCTION public.never(bigint, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
       CREATE OPERATOR pg_catalog.= (LEFTARG = bigint, RIGHTARG = text, FUNCTION = public.never)`,
      'operator = of int8 and text',
    ],
    [
      "UPDATE pg_amproc SET amproc = 'btint4cmp'::regproc WHERE amproc = 'btint8cmp'::regproc",
      'comparison of int8 and int8',
    ],
    [
      "UPDATE pg_opclass SET opcdefault = false WHERE opcname = 'text_ops' AND opcmethod = 403",
      'operator class text_ops of text',
    ],
    ["UPDATE pg_type SET typsend = 'cash_send'::regproc WHERE typname = 'int8'", 'type int8'],
    [
      `CREATE FUNCTION pg_catalog.octet_length(bytea, integer DEFAULT 0) RETURNS integer LANGUAGE sql AS 'SELECT 0'`,
      'function octet_length',
    ],
    ["UPDATE pg_proc SET prolang = 14, prosrc = 'SELECT true' WHERE proname = 'int8ge'", 'function int8ge'],
    [
      `CREATE FUNCTION public.trick() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
       CREATE EVENT TRIGGER hello ON login EXECUTE FUNCTION public.trick()`,
      'login trigger hello',
    ],
    [
      `ALTER TABLE pg_catalog.pg_trigger RENAME TO pg_trigger_hidden;
       CREATE VIEW pg_catalog.pg_trigger AS SELECT * FROM pg_catalog.pg_trigger_hidden`,
      'relation pg_catalog.pg_trigger',
    ],
  ])('finds what %s does to PostgreSQL itself', async (statements, object) => {
    await asSuperuser(database, async (client) => {
      await client.query('BEGIN');
      await client.query(`SET LOCAL allow_system_table_mods = on; ${statements}`);
      const findings = await checkFoundations(client);
      await client.query('ROLLBACK');
      expect(findings.map(({ code, found }) => [code, found])).toContainEqual(['catalogue-altered', object]);
    });
  });

  it('has nothing against what extensions add', async () => {
    await asSuperuser(database, async (client) => {
      await client.query(`CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION btree_gist;
        CREATE EXTENSION pg_trgm; CREATE EXTENSION intarray`);
      expect(await checkFoundations(client)).toEqual([]);
      await client.query('DROP EXTENSION citext, hstore, btree_gist, pg_trgm, intarray');
    });
  });

  it('has nothing against the maintenance of the catalogue', async () => {
    await asSuperuser(database, async (client) => {
      for (const catalogue of ['pg_cast', 'pg_operator', 'pg_amproc', 'pg_type', 'pg_aggregate']) {
        await client.query(`VACUUM (FULL, FREEZE) pg_catalog.${catalogue}`);
      }
      await client.query('REINDEX SYSTEM');
      expect(await checkFoundations(client)).toEqual([]);
    });
  });

  it('has nothing against settings of the role that change how the catalogue is written', async () => {
    const role = new URL(database.readerUrl).username;
    const alter = (verb: string): Promise<unknown> =>
      asSuperuser(database, (client) =>
        client.query(
          [
            'quote_all_identifiers',
            'array_nulls',
            'DateStyle',
            'IntervalStyle',
            'standard_conforming_strings',
          ]
            .map(
              (name, i) =>
                `ALTER ROLE ${role} ${verb} ${name}${verb === 'RESET' ? '' : ` = ${OTHER[i] ?? ''}`}`,
            )
            .join('; '),
        ),
      );
    await alter('SET');
    expect(await checkAs(database.readerUrl)).toEqual({ checked: true, details: [] });
    await alter('RESET');
  });

  it.each([
    ['DELETE FROM ledger_migrations.migration', 'the database states no version'],
    [
      'DELETE FROM ledger_migrations.migration WHERE name = (SELECT max(name) FROM ledger_migrations.migration)',
      'the database states an older version',
    ],
    ['DROP SCHEMA ledger_migrations CASCADE', 'the database states no version'],
    [
      'ALTER TABLE ledger_migrations.migration RENAME name TO version',
      'the table of the migrations cannot be read',
    ],
    [
      "DELETE FROM ledger_migrations.migration; INSERT INTO ledger_migrations.migration (name, run_on) VALUES ('../../package', now())",
      'the database states an older version',
    ],
  ])('says of a database after %s that it was altered, not that it is newer', async (statement, detail) => {
    const own = await createLedgerDatabase();
    await asSuperuser(own, (client) => client.query(statement));
    expect(await checkAs(own.readerUrl)).toEqual({
      checked: true,
      details: [expect.stringContaining(detail)],
    });
    await own.drop();
  });

  it('holds the name of the ledger to what it is', async () => {
    await expect(
      asSuperuser(database, (client) => client.query("UPDATE ledger.origin SET origin = 'another'")),
    ).rejects.toThrow('UPDATE on ledger.origin is refused');
  });

  it('puts each difference into a finding that names the object, and what it must be', async () => {
    await asSuperuser(database, (client) =>
      client.query('ALTER TABLE ledger.entry DISABLE TRIGGER refuse_row'),
    );
    const checked = openReader({ url: database.readerUrl, connections: 1 });
    expect(await checked.selfCheck()).toEqual({
      checked: true,
      findings: [
        {
          code: 'catalogue-altered',
          index: null,
          id: null,
          source: null,
          expected: expect.stringContaining('enabled A') as string,
          found: expect.stringContaining('enabled D') as string,
          detail: 'trigger ledger.entry refuse_row is not as the migrations made it',
        },
      ],
    });
    await checked.close();
    await asSuperuser(database, (client) =>
      client.query('ALTER TABLE ledger.entry ENABLE ALWAYS TRIGGER refuse_row'),
    );
  });

  it('checks nothing in a database that is newer than the program, and says so', async () => {
    await asSuperuser(database, (client) =>
      client.query("INSERT INTO ledger_migrations.migration (name, run_on) VALUES ('9999_later', now())"),
    );
    expect(await checkAs(database.readerUrl)).toEqual({ checked: false, details: [] });
    const newer = openReader({ url: database.readerUrl, connections: 1 });
    await expect(newer.ready()).rejects.toMatchObject({ code: 'schema-version' });
    await newer.close();
  });
});
