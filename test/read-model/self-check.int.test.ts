import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenCatalogue, readCatalogue } from '../../src/read-model/catalogue.js';
import { PROGRAM_VERSION } from '../../src/read-model/migrations.js';
import { openReader } from '../../src/read-model/reader.js';
import { openWriter } from '../../src/read-model/writer.js';
import { createPool } from '../../src/postgres/pool.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';

let database: LedgerDatabase;
beforeAll(async () => {
  database = await createLedgerDatabase();
});
afterAll(() => database.drop());

async function checkAs(url: string): Promise<{ checked: boolean; details: readonly string[] }> {
  const reader = openReader({ url, connections: 1 });
  const { checked, findings } = await reader.selfCheck();
  await reader.close();
  return { checked, details: findings.map(({ detail }) => detail ?? '') };
}

describe('the catalogue that ships', () => {
  it('is what the migrations make: npm run catalogue writes it', async () => {
    const pool = createPool({ url: database.readerUrl, applicationName: 'test', max: 1 });
    expect(await readCatalogue(pool)).toEqual(goldenCatalogue(PROGRAM_VERSION));
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
    ['ALTER TABLE event_log.event DROP CONSTRAINT event_size', 'constraint event_log.event event_size'],
  ] as const)('finds what %s does', async (statement, object) => {
    const sql = typeof statement === 'string' ? statement : statement();
    await asSuperuser(database, async (client) => {
      // in a transaction that others never see: the check runs in it, as the reader
      await client.query('BEGIN');
      await client.query(`SET LOCAL allow_system_table_mods = on; ${sql}`);
      await client.query('SET LOCAL search_path = pg_catalog');
      const golden = goldenCatalogue(PROGRAM_VERSION) ?? {};
      const found = await readCatalogue(client);
      await client.query('ROLLBACK');
      const changed = [...new Set([...Object.keys(golden), ...Object.keys(found)])].filter(
        (key) => golden[key] !== found[key],
      );
      expect(changed).toContain(object);
    });
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
