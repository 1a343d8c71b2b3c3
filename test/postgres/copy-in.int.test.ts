import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Instant } from '../../src/ledger/types.js';
import { copyIn, type RowWriter } from '../../src/postgres/copy-in.js';
import { createClient, endClient } from '../../src/postgres/pool.js';
import { createDatabase, type TestDatabase } from '../support/postgres.js';

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createDatabase();
  client = createClient({ url: database.superuserUrl, applicationName: 'test' });
  await client.connect();
  await client.query(
    'CREATE SCHEMA s; CREATE TABLE s.t (n bigint, id uuid, at timestamptz, b bytea, t text)',
  );
});

afterAll(async () => {
  await endClient(client);
  await database.drop();
});

const copy = (items: readonly number[], write: (row: RowWriter, item: number) => void): Promise<void> =>
  copyIn(client, 's.t', { fields: 5, items, write });

async function rows(select: string): Promise<readonly unknown[]> {
  return (await client.query<Record<string, unknown>>(`SELECT ${select} FROM s.t ORDER BY n`)).rows;
}

test('values of every size arrive as they were, whatever is sent at once', async () => {
  const sizes = [0, 1, 262_000, 262_100, 262_144, 300_000, 5, 2_000_000, 100_000, 100_000, 100_000];
  await copy(sizes, (row, size) => {
    row.bigint(size);
    row.uuid('0123abcd-0000-4000-8000-ffffffff9999');
    row.timestamptz('0001-01-01T00:00:00.001Z' as Instant);
    row.bytes(Buffer.alloc(size, size % 251));
    row.text('é'.repeat(size / 2));
  });
  const found = await rows(`n, id, at::text, octet_length(b) AS bytes, octet_length(t) AS text,
    b = decode(repeat(lpad(to_hex(n % 251), 2, '0'), n::integer), 'hex') AS same`);
  expect(found).toEqual(
    sizes
      .toSorted((a, b) => a - b)
      .map((size) => ({
        n: String(size),
        id: '0123abcd-0000-4000-8000-ffffffff9999',
        at: '0001-01-01 00:00:00.001+00',
        bytes: size,
        text: 2 * Math.floor(size / 2),
        same: true,
      })),
  );
  await client.query('TRUNCATE s.t');
});

test('numbers, times, hex digits and NULL are what PostgreSQL makes of them', async () => {
  const instants = ['9999-12-31T23:59:59.999Z', '1969-12-31T23:59:59.999Z', '2000-01-01T00:00:00.000Z'];
  await copy([Number.MAX_SAFE_INTEGER, -1, 2 ** 32], (row, n) => {
    row.bigint(n);
    row.uuid('00000000-0000-0000-0000-000000000000');
    row.timestamptz((n === -1 ? null : (instants.pop() ?? null)) as Instant | null);
    row.hex(n === -1 ? null : '00ff');
    row.text(null);
  });
  expect(await rows(`n::text, at::text, encode(b, 'hex') AS b, t`)).toEqual([
    { n: '-1', at: null, b: null, t: null },
    { n: '4294967296', at: '1969-12-31 23:59:59.999+00', b: '00ff', t: null },
    { n: '9007199254740991', at: '2000-01-01 00:00:00+00', b: '00ff', t: null },
  ]);
  await client.query('TRUNCATE s.t');
});

test('nothing is copied when writing throws or the server refuses, and the connection goes on', async () => {
  const failing = copy([1, 2], (row, item) => {
    if (item === 2) throw new Error('no such row');
    for (let field = 0; field < 5; field++) row.null();
  });
  await expect(failing).rejects.toThrow('no such row');
  const refused = copy([1], (row) => {
    row.text('no bigint');
    for (let field = 1; field < 5; field++) row.null();
  });
  await expect(refused).rejects.toMatchObject({ code: '22P03' });
  await expect(
    copyIn(client, 's.unknown', { fields: 0, items: [], write: () => undefined }),
  ).rejects.toMatchObject({
    code: '42P01',
  });
  expect(await rows('n')).toEqual([]);
});
