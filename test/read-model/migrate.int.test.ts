import { afterEach, describe, expect, it } from 'vitest';
import { openCredentialRegister } from '../../src/access/postgres/register.js';
import { migrate, migrateSql } from '../../src/read-model/migrate.js';
import { MIGRATIONS, PROGRAM_VERSION } from '../../src/read-model/migrations.js';
import type { Grant } from '../../src/read-model/roles.js';
import { asSuperuser, createLedgerDatabase } from '../support/ledger-database.js';
import { createDatabase, type TestDatabase } from '../support/postgres.js';

const databases: TestDatabase[] = [];
afterEach(async () => {
  for (const database of databases.splice(0)) await database.drop();
});

async function freshDatabase(): Promise<TestDatabase> {
  const database = await createDatabase();
  databases.push(database);
  return database;
}

async function migratedDatabase() {
  const database = await createLedgerDatabase();
  databases.push(database);
  return database;
}

describe('migrate', () => {
  it('makes a database that eight processes migrate at once, once', async () => {
    const database = await freshDatabase();
    const runs = await Promise.all(Array.from({ length: 8 }, () => migrate({ adminUrl: database.adminUrl })));
    expect(runs.flatMap(({ applied }) => applied)).toEqual(MIGRATIONS);
    expect(new Set(runs.map(({ origin }) => origin)).size).toBe(1);
    expect(runs.every(({ version }) => version === PROGRAM_VERSION)).toBe(true);
  });

  it('fixes the origin for good', async () => {
    const database = await freshDatabase();
    const first = await migrate({ adminUrl: database.adminUrl, origin: 'ledger.example/one' });
    expect(first.origin).toBe('ledger.example/one');
    await expect(
      migrate({ adminUrl: database.adminUrl, origin: 'ledger.example/two' }),
    ).rejects.toMatchObject({
      code: 'invalid-configuration',
      message: expect.stringContaining("'ledger.example/one'") as string,
    });
    expect((await migrate({ adminUrl: database.adminUrl })).origin).toBe('ledger.example/one');
  });

  it('gives everything to an owner that cannot log in', async () => {
    const database = await migratedDatabase();
    const rows = await asSuperuser(database, async (client) => {
      const result = await client.query<{ owner: string; login: boolean }>(
        `SELECT DISTINCT r.rolname AS owner, r.rolcanlogin AS login FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
         WHERE c.relnamespace = ANY ('{ledger,event_log,access,ledger_migrations}'::regnamespace[])`,
      );
      return result.rows;
    });
    expect(rows).toEqual([{ owner: `${database.name}_owner`, login: false }]);
  });

  it('works for a login that may create no roles, once an administrator has run the printed SQL', async () => {
    const database = await freshDatabase();
    await asSuperuser(database, (client) => client.query(`ALTER ROLE ${database.adminUser} NOCREATEROLE`));
    await expect(migrate({ adminUrl: database.adminUrl })).rejects.toMatchObject({
      code: 'access-denied',
      message: expect.stringContaining('--print-sql') as string,
    });
    const login = `${database.name}_login`;
    const sql = migrateSql({
      adminUrl: database.adminUrl,
      grants: [{ login, groups: ['api', 'projector'] }],
    });
    await asSuperuser(database, async (client) => {
      await client.query(`CREATE ROLE ${login} LOGIN`);
      await client.query(sql);
    });
    expect((await migrate({ adminUrl: database.adminUrl })).applied).toEqual(MIGRATIONS);
  });

  it('copes with a database whose name needs quotes', async () => {
    const plain = await freshDatabase();
    const name = `${plain.name}_"odd-Name' %`;
    await asSuperuser(plain, async (client) => {
      await client.query(`CREATE DATABASE "${name.replaceAll('"', '""')}"`);
    });
    const url = (from: string): string => {
      const changed = new URL(from);
      changed.pathname = `/${encodeURIComponent(name)}`;
      return changed.href;
    };
    const odd = { ...plain, superuserUrl: url(plain.superuserUrl), adminUrl: url(plain.adminUrl) };
    try {
      await asSuperuser(odd, (client) =>
        client.query(`GRANT CREATE ON DATABASE "${name.replaceAll('"', '""')}" TO ${plain.adminUser}`),
      );
      expect((await migrate({ adminUrl: odd.adminUrl })).applied).toEqual(MIGRATIONS);
    } finally {
      await asSuperuser(plain, (client) =>
        client.query(`DROP DATABASE "${name.replaceAll('"', '""')}" WITH (FORCE)`),
      );
    }
  });

  it('names a login that it cannot grant anything to', async () => {
    const database = await freshDatabase();
    await expect(
      migrate({ adminUrl: database.adminUrl, grants: [{ login: 'nobody_there', groups: ['api'] }] }),
    ).rejects.toMatchObject({
      code: 'invalid-configuration',
      message: expect.stringContaining("'nobody_there'") as string,
    });
  });

  it('gives credentials to a database that was made before there were any', async () => {
    const database = await migratedDatabase();
    await asSuperuser(database, async (client) => {
      await client.query('DROP SCHEMA access CASCADE');
      await client.query(`DROP ROLE ${database.name}_credentials`);
      await client.query(`DELETE FROM ledger_migrations.migration WHERE name >= '0005_access'`);
    });
    const login = `${database.name}_api_login`;
    const grants: readonly Grant[] = [{ login, groups: ['api', 'credentials'] }];
    expect((await migrate({ adminUrl: database.adminUrl, grants })).applied).toEqual([
      '0005_access',
      '0006_access-outbox',
    ]);
    const register = openCredentialRegister({ url: database.apiUrl });
    expect(await register.list()).toEqual([]);
    await register.close();
  });

  it('leaves a database alone that a newer program has migrated', async () => {
    const database = await migratedDatabase();
    await asSuperuser(database, (client) =>
      client.query("INSERT INTO ledger_migrations.migration (name, run_on) VALUES ('9999_later', now())"),
    );
    await expect(migrate({ adminUrl: database.adminUrl })).rejects.toMatchObject({
      code: 'schema-version',
      message: expect.stringContaining('9999_later') as string,
    });
  });
});
