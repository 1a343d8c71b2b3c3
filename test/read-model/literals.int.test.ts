import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPool } from '../../src/postgres/pool.js';
import { LITERALS } from '../../src/read-model/conditions.js';
import { isStorable } from '../../src/read-model/storable.js';
import { asSuperuser } from '../support/ledger-database.js';
import { createDatabase, type TestDatabase } from '../support/postgres.js';

let database: TestDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await createDatabase();
  // as somebody may set it who wants a backslash to end a literal early
  await asSuperuser(database, (client) =>
    client.query(`ALTER DATABASE ${database.name} SET standard_conforming_strings = off`),
  );
  pool = createPool({ url: database.superuserUrl, applicationName: 'test', max: 1 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function read(texts: readonly string[]): Promise<readonly string[]> {
  const { rows } = await pool.query<{ text: string }>(`SELECT unnest(${LITERALS.texts(texts)}) AS text`);
  return rows.map(({ text }) => text);
}

it('a value that is quoted into a statement is that value, whatever is in it', async () => {
  const { rows } = await pool.query(
    "SELECT source FROM pg_settings WHERE name = 'standard_conforming_strings'",
  );
  expect(rows).toEqual([{ source: 'client' }]);
  const hostile = ["' OR true --", "\\' OR true --", "'; SELECT 1; --", '\\', "''", '$1', "E'\\x41'", '$$'];
  expect(await read(hostile)).toEqual(hostile);
  const part = fc.constantFrom("'", '\\', '$', '"', ';', '--', '/*', '\n', 'a', 'é', '😀');
  const text = fc.oneof(fc.string({ unit: part }), fc.string({ unit: 'binary' })).filter(isStorable);
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1 }), async (texts) => {
      expect(await read(texts)).toEqual(texts);
    }),
  );
});
