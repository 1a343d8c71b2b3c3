/** Nobody changes what is recorded, and nobody chooses a place in the log. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgresEventLog } from '../../../src/event-log/postgres/event-log.js';
import { candidates, throwAtLog } from '../../support/event-log.js';
import { createLedgerDatabase, type LedgerDatabase } from '../../support/ledger-database.js';

let database: LedgerDatabase;

beforeAll(async () => {
  database = await createLedgerDatabase();
  const log = openPostgresEventLog({ url: database.apiUrl });
  await log.append('recorded', candidates(3));
  await log.close();
});

afterAll(() => database.drop());

type Login = 'superuser' | 'replica' | 'owner' | 'api' | 'projector' | 'reader' | 'all';

/** Runs one statement in a transaction that is rolled back. */
async function as(login: Login, statement: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: urlOf(login) });
  await client.connect();
  try {
    if (login === 'owner') await client.query(`SET ROLE ${database.name}_owner`);
    if (login === 'replica') await client.query('SET session_replication_role = replica');
    await client.query('BEGIN');
    return await client.query(statement);
  } finally {
    await client.end();
  }
}

function urlOf(login: Login): string {
  if (login === 'superuser' || login === 'replica' || login === 'owner') return database.superuserUrl;
  return database[`${login}Url`];
}

const REFUSED = { code: '42501' };

describe.each<Login>(['superuser', 'replica', 'owner', 'api', 'projector', 'reader', 'all'])(
  '%s',
  (login) => {
    test.each([
      `UPDATE event_log.event SET data = '' WHERE position = 1`,
      'UPDATE event_log.event SET revision = revision WHERE false',
      'DELETE FROM event_log.event WHERE position = 3',
      'DELETE FROM event_log.event WHERE false',
      'TRUNCATE event_log.event',
      `MERGE INTO event_log.event AS e USING (SELECT 1) AS x ON e.position = 1 WHEN MATCHED THEN DELETE`,
      'UPDATE event_log.counter SET position = 0',
      'DELETE FROM event_log.counter',
      'TRUNCATE event_log.counter',
    ])('is refused: %s', async (statement) => {
      await expect(as(login, statement)).rejects.toMatchObject(REFUSED);
    });
  },
);

describe.each<Login>(['api', 'projector', 'reader', 'all'])('%s', (login) => {
  test.each([
    `INSERT INTO event_log.event (position, source, id, type, data, metadata)
     VALUES (99, '', gen_random_uuid(), '', '', '')`,
    `INSERT INTO event_log.event (source, revision, id, type, data, metadata)
     VALUES ('', 99, gen_random_uuid(), '', '', '')`,
    `INSERT INTO event_log.event (source, id, type, data, metadata, logged_at)
     VALUES ('', gen_random_uuid(), '', '', '', now())`,
    `INSERT INTO event_log.event VALUES (4, '', 0, gen_random_uuid(), '', '', '', now())`,
    'COPY event_log.event FROM STDIN',
    'UPDATE event_log.counter SET position = position + 1',
    'INSERT INTO event_log.counter (position) VALUES (9)',
    'SELECT FROM event_log.counter FOR UPDATE',
    'LOCK TABLE event_log.event IN EXCLUSIVE MODE',
    'SELECT event_log.lock()',
    'ALTER TABLE event_log.event DISABLE TRIGGER ALL',
    'DROP SCHEMA event_log CASCADE',
  ])('chooses no place and holds nothing up: %s', async (statement) => {
    await expect(as(login, statement)).rejects.toMatchObject(REFUSED);
  });
});

describe.each<Login>(['projector', 'reader'])('%s', (login) => {
  test('reads, and appends nothing', async () => {
    const { rows } = await as(login, 'SELECT count(*)::integer AS count FROM event_log.event');
    expect(rows).toEqual([{ count: 3 }]);
    await expect(throwAtLog(urlOf(login), [{ source: 'x' }])).rejects.toMatchObject(REFUSED);
    await expect(
      as(login, `SELECT event_log.append('{a}', ARRAY[gen_random_uuid()], '{t}', '{b}', '{c}', '{d}')`),
    ).rejects.toMatchObject(REFUSED);
  });
});

test('what refuses changes is on in every session, whatever role replication gives it', async () => {
  const { rows } = await as(
    'reader',
    `SELECT tgname AS name, tgenabled AS enabled FROM pg_trigger
     WHERE tgrelid IN ('event_log.event'::regclass, 'event_log.counter'::regclass) AND tgname LIKE 'refuse%'`,
  );
  expect(rows).toHaveLength(4);
  expect(new Set(rows.map(({ enabled }: { enabled: string }) => enabled))).toEqual(new Set(['A']));
});

test('the api’s appending cannot be led astray by objects of its own', async () => {
  const client = new pg.Client({ connectionString: database.apiUrl });
  await client.connect();
  await client.query(`
    CREATE TEMP TABLE event (position bigint); CREATE TEMP TABLE counter (position bigint);
    CREATE FUNCTION pg_temp.date_trunc(text, timestamptz) RETURNS timestamptz LANGUAGE sql AS $$ SELECT 'epoch'::timestamptz $$;
    CREATE FUNCTION pg_temp.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT 'epoch'::timestamptz $$;
    SET search_path = pg_temp, event_log, pg_catalog; SET TimeZone = 'Asia/Kathmandu'`);
  const append = `SELECT a.position::integer, a.revision::integer, e.logged_at > now() - interval '1 minute' AS fresh
    FROM event_log.append('{astray}', ARRAY[gen_random_uuid()], '{f}', '{b}', '{c}', '{d}') AS a
    JOIN event_log.event AS e ON true ORDER BY e.position LIMIT 1`;
  const { rows } = await client.query(append);
  await client.end();
  expect(rows).toEqual([{ position: 4, revision: 0, fresh: true }]);
});

test('an acknowledged event is on disk, whatever the session is set to', async () => {
  const client = new pg.Client({ connectionString: database.apiUrl });
  await client.connect();
  const settingAfter = async (statement: string): Promise<unknown> => {
    await client.query('SET synchronous_commit = off');
    await client.query(`BEGIN; ${statement}`);
    const { rows } = await client.query('SHOW synchronous_commit');
    await client.query('ROLLBACK');
    return rows[0];
  };
  const appended = `SELECT event_log.append('{a}', ARRAY[gen_random_uuid()], '{f}', '{b}', '{c}', '{d}')`;
  const inserted = `INSERT INTO event_log.event (source, id, type, data, metadata)
    VALUES ('a', gen_random_uuid(), 'b', 'c', 'd')`;
  expect(await settingAfter(appended)).toEqual({ synchronous_commit: 'on' });
  expect(await settingAfter(inserted)).toEqual({ synchronous_commit: 'on' });
  await client.end();
});
