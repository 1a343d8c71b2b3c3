import type pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createPool } from '../../src/postgres/pool.js';
import { HeadListener } from '../../src/read-model/head-listener.js';
import { LEDGER } from '../../src/read-model/schema-name.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { eventually } from '../support/ledger-process.js';

let database: LedgerDatabase;
let pool: pg.Pool;
let listener: HeadListener;
let looks: number;

beforeEach(async () => {
  database = await createLedgerDatabase();
  pool = createPool({ url: database.readerUrl, applicationName: 'test', max: 1, connectTimeoutMs: 2_000 });
  looks = 0;
  pool.on('acquire', () => (looks += 1));
  listener = new HeadListener({ url: database.readerUrl, pool, schema: LEDGER });
});

afterEach(async () => {
  await listener.close();
  await pool.end();
  await database.drop();
});

it('misses no move of the head, not even while it begins to listen', async () => {
  await asSuperuser(database, async (client) => {
    // the listener's own first look waits for the lock, and sees the head only as it was left
    await client.query('BEGIN');
    await client.query('LOCK TABLE ledger.head');
    const moved = listener.moved(30_000);
    const begun = performance.now();
    await moveHead(client);
    await client.query('COMMIT');
    await moved;
    expect(performance.now() - begun).toBeLessThan(15_000);
  });
});

it('learns of moves by looking, where it may not listen', async () => {
  await asSuperuser(database, async (client) => {
    await listener.moved(1);
    await eventually('a finished look', () => Promise.resolve(looks >= 2));
    await client.query(
      `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE ${LISTENERS}`,
    );
    await client.query(`ALTER DATABASE ${database.name} CONNECTION LIMIT 0`);
    const moved = listener.moved(30_000);
    const begun = performance.now();
    await moveHead(client);
    await moved;
    expect(performance.now() - begun).toBeLessThan(15_000);
  });
});

it('has one session, however often looking fails, and none when it is closed', async () => {
  await asSuperuser(database, async (client) => {
    await client.query('REVOKE SELECT ON ledger.head FROM PUBLIC');
    await client.query(`REVOKE SELECT ON ledger.head FROM ${database.name}_reader`);
    await listener.moved(1);

    await eventually('four looks that fail', () => Promise.resolve(looks >= 4));
    expect(await sessions(client)).toBe(1);

    await listener.close();
    await eventually('the end of its session', async () => (await sessions(client)) === 0);
  });
});

const LISTENERS = `datname = pg_catalog.current_database() AND application_name = 'event-ledger listener'`;

async function sessions(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_catalog.pg_stat_activity WHERE ${LISTENERS}`,
  );
  return rows[0]?.count ?? 0;
}

/** Without NOTIFY. */
async function moveHead(client: pg.Client): Promise<void> {
  await client.query('UPDATE ledger.head SET size = size + 1');
}
