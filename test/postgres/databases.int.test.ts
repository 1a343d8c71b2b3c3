import pg from 'pg';
import { afterEach, expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/postgres.js';

let database: TestDatabase | undefined;

afterEach(async () => {
  await database?.drop();
  database = undefined;
});

test('an admin of a test database may make roles and schemas and is no superuser', async () => {
  database = await createDatabase();
  const client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  try {
    await client.query(`CREATE ROLE ${database.name}_owner NOLOGIN`);
    await client.query('CREATE SCHEMA ledger');
    const { rows } = await client.query('SELECT rolsuper FROM pg_roles WHERE rolname = current_user');
    expect(rows).toEqual([{ rolsuper: false }]);
  } finally {
    await client.end();
  }
});
