import type pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { storeError } from '../../src/postgres/errors.js';
import { createPool, inTransaction, type PoolOptions } from '../../src/postgres/pool.js';
import { createDatabase, withParts, type TestDatabase } from '../support/postgres.js';

let database: TestDatabase;
const pools: pg.Pool[] = [];

beforeEach(async () => {
  database = await createDatabase();
});

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.end()));
  await database.drop();
});

type Options = Partial<Pick<PoolOptions, 'max' | 'statementTimeoutMs'>>;

function open(url: string, options: Options = {}): pg.Pool {
  const pool = createPool({
    url,
    applicationName: 'test',
    max: 2,
    ...options,
  });
  pools.push(pool);
  return pool;
}

async function settingOf(pool: pg.Pool, name: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ value: string }>('SELECT pg_catalog.current_setting($1) AS value', [
    name,
  ]);
  return rows[0]?.value;
}

test('sessions are the same, whatever the role and the database are set to', async () => {
  const admin = open(database.superuserUrl);
  for (const setting of ["DateStyle = 'German'", "TimeZone = 'Asia/Kathmandu'", "bytea_output = 'escape'"]) {
    await admin.query(`ALTER DATABASE ${database.name} SET ${setting}`);
  }
  await admin.query(`ALTER ROLE ${database.adminUser} SET search_path = 'somewhere'`);
  await admin.query(`ALTER ROLE ${database.adminUser} SET synchronous_commit = 'off'`);

  const pool = open(database.adminUrl);

  expect(await settingOf(pool, 'DateStyle')).toBe('ISO, YMD');
  expect(await settingOf(pool, 'TimeZone')).toBe('UTC');
  expect(await settingOf(pool, 'bytea_output')).toBe('hex');
  expect(await settingOf(pool, 'search_path')).toBe('pg_catalog,pg_temp');
  expect(await settingOf(pool, 'synchronous_commit')).toBe('on');
  expect(await settingOf(pool, 'row_security')).toBe('off');
  expect(await settingOf(pool, 'statement_timeout')).toBe('10s');
  expect(await settingOf(pool, 'application_name')).toBe('test');
});

test("options in the operator's URL stay, ours count", async () => {
  const pool = open(`${database.adminUrl}&options=${encodeURIComponent('-c work_mem=5MB -c TimeZone=CET')}`);
  expect(await settingOf(pool, 'work_mem')).toBe('5MB');
  expect(await settingOf(pool, 'TimeZone')).toBe('UTC');
});

test('a statement that takes too long is ended by the server', async () => {
  const pool = open(database.adminUrl, { statementTimeoutMs: 50 });
  const error = await pool.query('SELECT pg_catalog.pg_sleep(10)').catch((reason: unknown) => reason);
  expect(storeError(error, 'store-unavailable').code).toBe('too-slow');
});

test('a connection that the server ends, idle or lent out, harms nobody but its user', async () => {
  const pool = open(database.adminUrl);
  const admin = open(database.superuserUrl);
  const lent = await pool.connect();
  await pool.query('SELECT 1');
  await admin.query(
    'SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity WHERE usename = $1',
    [database.adminUser],
  );

  const error = await lent.query('SELECT 1').catch((reason: unknown) => reason);
  lent.release(true);

  expect(storeError(error, 'store-unavailable').code).toBe('store-unavailable');
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
});

test('a refused password is access-denied', async () => {
  const pool = open(withParts(database.adminUrl, { password: 'wrong' }));
  const error = await pool.query('SELECT 1').catch((reason: unknown) => reason);
  expect(storeError(error, 'store-unavailable').code).toBe('access-denied');
});

test('a transaction is committed when its work is done and rolled back when it fails', async () => {
  const pool = open(database.superuserUrl, { max: 1 });
  await pool.query('CREATE TABLE public.note (text text)');
  await inTransaction(pool, 'BEGIN', (client) => client.query("INSERT INTO public.note VALUES ('kept')"));

  const failed = inTransaction(pool, 'BEGIN', async (client) => {
    await client.query("INSERT INTO public.note VALUES ('lost')");
    await client.query('SELECT 1/0');
  });

  await expect(failed).rejects.toMatchObject({ code: '22012' });
  expect((await pool.query('SELECT text FROM public.note')).rows).toEqual([{ text: 'kept' }]);
});
