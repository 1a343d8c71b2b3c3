import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NO_FILTERS } from '../../src/ledger/filters.js';
import type { EntryRow } from '../../src/ledger/row.js';
import type { StoredTile } from '../../src/ledger/tile-check.js';
import { verifyLedger, type Verification } from '../../src/ledger/verification.js';
import type { LedgerReader } from '../../src/read-model/port.js';
import { createPool, inTransaction } from '../../src/postgres/pool.js';
import { ApartReader } from '../../src/read-model/apart.js';
import { openReader } from '../../src/read-model/reader.js';
import { LEDGER, schemaName } from '../../src/read-model/schema-name.js';
import { readPlaced, THROUGH_NO_INDEX } from '../../src/read-model/table.js';
import { takeSnapshot } from '../../src/read-model/snapshot.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { fill } from '../support/ledger-filler.js';

const SIZE = 300;
const VICTIM = 17;

let database: LedgerDatabase;
let reader: LedgerReader;
/** reads all rows in a thread of its own */
let apartReader: LedgerReader;

beforeAll(async () => {
  database = await createLedgerDatabase();
  reader = openReader({ url: database.readerUrl });
  apartReader = openReader({ url: database.readerUrl, apartFrom: 1 });
  const drafts = Array.from({ length: SIZE }, (_, n) => ({
    source: `source-${n % 3}`,
    payload: { n },
    verdict: n % 10 === 9 ? ('rejected' as const) : ('accepted' as const),
  }));
  await fill(database.projectorUrl, drafts);
  await asSuperuser(database, (client) =>
    client.query(`CREATE TABLE public.entry_before AS TABLE ledger.entry;
      CREATE TABLE public.source_before AS TABLE ledger.source;
      CREATE TABLE public.tile_before AS TABLE ledger.tile;
      CREATE TABLE public.head_before AS TABLE ledger.head`),
  );
});
afterAll(async () => {
  await Promise.all([reader.close(), apartReader.close()]);
  await database.drop();
});

/** What somebody can do who has the whole database in hands. */
async function tamper(...statements: readonly string[]): Promise<void> {
  await asSuperuser(database, async (client) => {
    await client.query(
      'ALTER TABLE ledger.entry DISABLE TRIGGER ALL; ALTER TABLE ledger.head DISABLE TRIGGER ALL',
    );
    for (const statement of statements) await client.query(statement);
  });
}

afterEach(() =>
  tamper(
    ...['entry', 'source', 'tile', 'head'].map(
      (table) =>
        `DELETE FROM ledger.${table}; INSERT INTO ledger.${table} SELECT * FROM public.${table}_before`,
    ),
    'ALTER TABLE ledger.entry DROP CONSTRAINT IF EXISTS entry_pkey',
    'ALTER TABLE ledger.entry ADD CONSTRAINT entry_pkey PRIMARY KEY (index)',
  ),
);

/** Copies of an entry at an index, at places of their own in the source. */
function copyOf(original: number, index: string, count = 1): string {
  const others = 'source, type, verdict, recorded_at, content, previous, hash, data, metadata';
  return `INSERT INTO ledger.entry (index, id, revision, ${others})
    SELECT ${index}, gen_random_uuid(), 7000 + n, ${others}
    FROM public.entry_before, generate_series(1, ${count}) AS n WHERE index = ${original}`;
}

/** Whichever thread looks at the rows, it says the same of them. */
async function verify(options: Parameters<typeof verifyLedger>[1] = {}): Promise<Verification> {
  const report = await verifyBy(reader, options);
  expect(await verifyBy(apartReader, options)).toEqual(report);
  return report;
}

async function verifyBy(
  by: LedgerReader,
  options: Parameters<typeof verifyLedger>[1],
): Promise<Verification> {
  const run = verifyLedger(() => by.snapshot(), options);
  for (;;) {
    const step = await run.next();
    if (step.done === true) return step.value;
  }
}

async function selfCheck(): Promise<{ readonly details: readonly string[] }> {
  const { findings } = await reader.selfCheck();
  const ours = findings.filter(({ detail }) => !/^(trigger|constraint|column|index) /.test(detail ?? ''));
  return { details: ours.map(({ detail }) => detail ?? '') };
}

/** Another value for a column, by its type. */
const OTHER: Readonly<Record<string, (column: string) => string>> = {
  bigint: (column) => `${column} + 1000000`,
  uuid: () => "'ffffffff-ffff-4fff-8fff-ffffffffffff'",
  text: (column) => `coalesce(${column}, '') || 'x'`,
  bytea: (column) =>
    `set_byte(coalesce(nullif(${column}, ''), '\\x00'), 0, 255 - get_byte(coalesce(nullif(${column}, ''), '\\x00'), 0))`,
  'timestamp(3) with time zone': (column) => `${column} + interval '1 millisecond'`,
};

const columns = async (): Promise<readonly { column: string; type: string; nullable: boolean }[]> =>
  asSuperuser(database, async (client) => {
    const { rows } = await client.query<{ column: string; type: string; nullable: boolean }>(
      `SELECT attname AS column, format_type(atttypid, atttypmod) AS type, NOT attnotnull AS nullable
       FROM pg_attribute WHERE attrelid = 'ledger.entry'::regclass AND attnum > 0`,
    );
    return rows;
  });

describe('verification of a real table', () => {
  it('finds nothing in a ledger that nobody touched', async () => {
    expect(await verify()).toMatchObject({ intact: true, checked: SIZE, size: SIZE, findings: [] });
    expect(await verify({ source: 'source-1' })).toMatchObject({ intact: true, checked: SIZE / 3 });
    expect(await verify({ fromIndex: 10, toIndex: 20 })).toMatchObject({ intact: true, checked: 10 });
  });

  it('names the entry of which any single column was changed', async () => {
    for (const { column, type } of await columns()) {
      const value = OTHER[type]?.(column);
      expect(value, `a test value for ${type}`).toBeDefined();
      await tamper(`UPDATE ledger.entry SET ${column} = ${value ?? ''} WHERE index = ${VICTIM}`);
      const report = await verify();
      expect(report.intact, column).toBe(false);
      expect(
        report.findings.map(({ index }) => index),
        column,
      ).toContain(VICTIM);
      await tamper(`DELETE FROM ledger.entry; INSERT INTO ledger.entry SELECT * FROM public.entry_before`);
    }
  });

  it('names the entry of which any single column was emptied', async () => {
    for (const { column } of await columns()) {
      await tamper(
        'ALTER TABLE ledger.entry DROP CONSTRAINT IF EXISTS entry_pkey',
        `ALTER TABLE ledger.entry ALTER COLUMN ${column} DROP NOT NULL`,
        `UPDATE ledger.entry SET ${column} = NULL WHERE index = ${VICTIM}`,
      );
      const report = await verify();
      const { rows } = await asSuperuser(database, (client) =>
        client.query(`SELECT FROM public.entry_before WHERE index = ${VICTIM} AND ${column} IS NULL`),
      );
      // emptying what was empty changes nothing
      expect(report.intact, column).toBe(rows.length === 1);
      if (rows.length === 0) {
        expect(
          report.findings.some(({ index }) => index === VICTIM),
          column,
        ).toBe(true);
      }
      await tamper('DELETE FROM ledger.entry; INSERT INTO ledger.entry SELECT * FROM public.entry_before');
    }
  });

  it.each([
    ['the first', 0],
    ['a middle', VICTIM],
    ['the last', SIZE - 1],
  ])('misses %s entry that was deleted', async (_, index) => {
    await tamper(`DELETE FROM ledger.entry WHERE index = ${index}`);
    const report = await verify();
    expect(report.findings).toContainEqual(expect.objectContaining({ code: 'missing-entry', index }));
  });

  it('finds two entries that changed places', async () => {
    await tamper(
      'ALTER TABLE ledger.entry DROP CONSTRAINT IF EXISTS entry_pkey',
      'UPDATE ledger.entry SET index = CASE index WHEN 17 THEN 18 ELSE 17 END WHERE index IN (17, 18)',
    );
    const found = (await verify()).findings.map(({ index }) => index);
    expect(found).toEqual(expect.arrayContaining([17, 18]));
  });

  it('finds an entry that was moved to another source', async () => {
    await tamper(`UPDATE ledger.entry SET source = 'source-1', revision = 5000 WHERE index = 18`);
    expect((await verify()).findings.map(({ index }) => index)).toContain(18);
  });

  it.each([SIZE, SIZE + 5, -1, null])('finds a row at %s, which the head does not cover', async (index) => {
    await tamper(
      'ALTER TABLE ledger.entry DROP CONSTRAINT IF EXISTS entry_pkey',
      'ALTER TABLE ledger.entry ALTER COLUMN index DROP NOT NULL',
      copyOf(3, index === null ? 'NULL' : String(index)),
    );
    const report = await verify();
    expect(report.findings).toContainEqual(expect.objectContaining({ code: 'unexpected-entry', index }));
  });

  it('finds every one of many rows that share an index, and ends', async () => {
    await tamper(
      'ALTER TABLE ledger.entry DROP CONSTRAINT IF EXISTS entry_pkey',
      copyOf(VICTIM, String(VICTIM), 5000),
    );
    const rows: EntryRow[] = [];
    for await (const chunk of (await reader.snapshot()).rows(0, SIZE)) rows.push(...chunk);
    expect(rows).toHaveLength(SIZE + 5000);
    expect(rows.filter(({ index }) => index === String(VICTIM))).toHaveLength(5001);
    expect(await verify()).toMatchObject({ intact: false });
  });

  it('sees a fraction of a millisecond, and infinity, in a column whose type was changed', async () => {
    for (const change of ["recorded_at + interval '0.9 milliseconds'", "'infinity'", "'-infinity'"]) {
      await tamper(
        'ALTER TABLE ledger.entry ALTER COLUMN recorded_at TYPE timestamptz(6)',
        `UPDATE ledger.entry SET recorded_at = ${change} WHERE index = ${VICTIM}`,
      );
      const report = await verify();
      expect(report.findings).toContainEqual(
        expect.objectContaining({ code: 'unreadable-value', index: VICTIM, detail: 'column recordedAt' }),
      );
      await tamper('DELETE FROM ledger.entry; INSERT INTO ledger.entry SELECT * FROM public.entry_before');
    }
    await tamper('ALTER TABLE ledger.entry ALTER COLUMN recorded_at TYPE timestamptz(3)');
  });

  it('is not misled by settings of the role or the database', async () => {
    const role = new URL(database.readerUrl).username;
    await asSuperuser(database, (client) =>
      client.query(`ALTER ROLE ${role} SET datestyle = 'German'; ALTER ROLE ${role} SET timezone = 'Asia/Kathmandu';
        ALTER ROLE ${role} SET bytea_output = 'escape'; ALTER ROLE ${role} SET extra_float_digits = -15`),
    );
    const other = openReader({ url: database.readerUrl });
    const run = verifyLedger(() => other.snapshot());
    let step = await run.next();
    while (step.done !== true) step = await run.next();
    expect(step.value).toMatchObject({ intact: true, checked: SIZE });
    await other.close();
  });

  it.each([
    ["UPDATE ledger.head SET hash = decode(repeat('ab', 32), 'hex')", 'head-mismatch'],
    ["UPDATE ledger.head SET root = decode(repeat('ab', 32), 'hex')", 'head-mismatch'],
    ["UPDATE ledger.source SET count = count + 1 WHERE source = 'source-2'", 'head-mismatch'],
    ["DELETE FROM ledger.source WHERE source = 'source-2'", 'head-mismatch'],
    [
      'UPDATE ledger.tile SET hashes = set_byte(hashes, 40, 255 - get_byte(hashes, 40)) WHERE index = 1',
      'tile-mismatch',
    ],
    ['DELETE FROM ledger.tile WHERE level = 1', 'tile-mismatch'],
    ['UPDATE ledger.head SET size = size - 1', 'unexpected-entry'],
    ['UPDATE ledger.head SET size = 9007199254740993', 'unreadable-value'],
    ['DELETE FROM ledger.head', 'unreadable-value'],
  ])('finds what %s does', async (statement, code) => {
    await tamper(statement);
    const report = await verify();
    expect(report.intact).toBe(false);
    expect(report.findings.map((found) => found.code)).toContain(code);
  });

  it.each([
    ['there is nothing', []],
    ['there is an entry', [copyOf(3, '9007199254740990')]],
  ])('of one source ends when the head says that the ledger is endless, and %s far out', async (_, rows) => {
    await tamper('UPDATE ledger.head SET size = 9007199254740991', ...rows);
    const found: EntryRow[] = [];
    const snapshot = await reader.snapshot();
    const sources = { ...NO_FILTERS, sources: ['source-0'] };
    for await (const chunk of snapshot.rows(0, snapshot.head.size, sources)) found.push(...chunk);
    expect(found).toHaveLength(SIZE / 3 + rows.length);
    expect(await verify({ source: 'source-1' })).toMatchObject({ checked: SIZE / 3 });
    expect(await verify()).toMatchObject({ intact: false });
  });

  it('names a column of another type, and one that is gone, and says what that does to the rows', async () => {
    await tamper(
      "ALTER TABLE ledger.entry ALTER COLUMN actor TYPE bytea USING convert_to(actor, 'UTF8')",
      'ALTER TABLE ledger.entry ALTER COLUMN metadata TYPE text USING encode(metadata, $$escape$$)',
      'ALTER TABLE ledger.entry ALTER COLUMN content TYPE text USING encode(content, $$hex$$)',
      'ALTER TABLE ledger.entry RENAME COLUMN recorded_by TO recorded_by_whom',
    );
    try {
      const report = await verify();
      expect(report.findings.slice(0, 4).map(({ code, detail }) => [code, detail])).toEqual([
        ['unreadable-value', 'the column recorded_by of ledger.entry is missing'],
        ['unreadable-value', 'the column actor of ledger.entry is of another type'],
        ['unreadable-value', 'the column content of ledger.entry is of another type'],
        ['unreadable-value', 'the column metadata of ledger.entry is of another type'],
      ]);
      expect(report.findingsTotal).toBeGreaterThanOrEqual(SIZE);
    } finally {
      await tamper(
        'ALTER TABLE ledger.entry ALTER COLUMN actor TYPE text COLLATE "C" USING convert_from(actor, $$UTF8$$)',
        'ALTER TABLE ledger.entry ALTER COLUMN metadata TYPE bytea USING decode(metadata, $$escape$$)',
        'ALTER TABLE ledger.entry ALTER COLUMN content TYPE bytea USING decode(content, $$hex$$)',
        'ALTER TABLE ledger.entry RENAME COLUMN recorded_by_whom TO recorded_by',
      );
    }
  });

  /** A conversion that shows what was there before somebody changed it. */
  const LYING: readonly (readonly [type: string, original: string, edit: string])[] = [
    [
      'bigint',
      'int8out(CASE WHEN $1 >= 1000000 THEN $1 - 1000000 ELSE $1 END)::text',
      'revision = revision + 1000000',
    ],
    [
      'numeric',
      'numeric_out(CASE WHEN $1 > 2e12 THEN $1 - 1e12 ELSE $1 END)::text',
      "recorded_at = recorded_at + interval '1000000000 seconds'",
    ],
    [
      'uuid',
      "replace(uuid_out($1)::text, 'ffffffff-', '00000000-')",
      "id = overlay(id::text placing 'ffffffff' from 1 for 8)::uuid",
    ],
    ['bytea', "replace(byteaout($1)::text, 'ff', '00')", "schema = '\\xff'"],
  ];

  it.each(LYING)('is not misled by a cast of %s to text', async (type, original, edit) => {
    const lie = `public.lie_${type}`;
    await tamper(
      `UPDATE ledger.entry SET ${edit} WHERE index = ${VICTIM}`,
      `CREATE FUNCTION ${lie}(${type}) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT ${original} $$`,
      `CREATE CAST (${type} AS text) WITH FUNCTION ${lie}(${type})`,
    );
    try {
      const report = await verify();
      expect(report.findings.map(({ index }) => index)).toContain(VICTIM);
      expect((await selfCheck()).details).toEqual([expect.stringMatching(/^cast from \w+ to text is not/)]);
    } finally {
      await tamper(`DROP FUNCTION ${lie} CASCADE`);
    }
  });

  const unindexed = (index: string, ...statements: readonly string[]): readonly string[] => [
    'SET allow_system_table_mods = on',
    `UPDATE pg_index SET indisready = false, indisvalid = false WHERE indexrelid = '${index}'::regclass`,
    ...statements,
    `UPDATE pg_index SET indisready = true, indisvalid = true WHERE indexrelid = '${index}'::regclass`,
  ];

  it.each([
    ['at an index that has one', VICTIM],
    ['that the head does not cover', SIZE + 3],
    ['at a negative index', -1],
  ])('finds a row %s, and that the primary key does not hold', async (_, index) => {
    await tamper(...unindexed('ledger.entry_pkey', copyOf(3, String(index))));
    const report = await verify();
    expect(report).toMatchObject({ intact: false, findingsTotal: 1 });
    expect(report.findings).toEqual([
      expect.objectContaining({ code: 'unexpected-entry', index, source: 'source-0' }),
    ]);
  });

  it.each([
    ['entry_source_revision', 'SELECT * FROM public.entry_before'],
    ['entry_identity', 'SELECT * FROM public.entry_before'],
    ['entry_recorded_at', 'SELECT * FROM public.entry_before'],
    ['entry_occurred_at', 'SELECT * FROM public.entry_before'],
    ['entry_not_accepted', 'SELECT * FROM public.entry_before'],
  ])('finds rows that the index %s does not hold', async (name, rows) => {
    await tamper(
      'DELETE FROM ledger.entry WHERE index >= 250',
      ...unindexed(`ledger.${name}`, `INSERT INTO ledger.entry ${rows} WHERE index >= 250`),
    );
    const report = await verify();
    expect(report.findings.map(({ code, detail }) => `${code} ${detail ?? ''}`)).toEqual([
      expect.stringContaining(`index-mismatch the index ${name}`),
    ]);
  });

  it.each([
    ['entry_identity', 'id', "'ffffffff-ffff-4fff-8fff-ffffffffffff'"],
    ['entry_source_revision', 'revision', '7000'],
  ])('finds a row that %s holds under another key than its own', async (name, column, key) => {
    // changed, and changed back while the index is not told: a session learns of an index when it begins
    const live = (is: boolean): string =>
      `UPDATE pg_index SET indislive = ${is} WHERE indexrelid = 'ledger.${name}'::regclass`;
    const original = `(SELECT ${column} FROM public.entry_before WHERE index = 298)`;
    await tamper(
      'DELETE FROM ledger.entry WHERE index = 299',
      'VACUUM FULL ledger.entry',
      `UPDATE ledger.entry SET ${column} = ${key} WHERE index = 298`,
      'SET allow_system_table_mods = on',
      live(false),
    );
    await tamper(`UPDATE ledger.entry SET ${column} = ${original} WHERE index = 298`);
    await tamper(
      'SET allow_system_table_mods = on',
      live(true),
      'INSERT INTO ledger.entry SELECT * FROM public.entry_before WHERE index = 299',
    );
    const report = await verify();
    expect(report.findings.map(({ code, detail }) => `${code} ${detail ?? ''}`)).toEqual([
      expect.stringContaining(`index-mismatch the index ${name}`),
    ]);
  });

  it('finds a source that the index of the sources does not hold', async () => {
    await tamper(
      "DELETE FROM ledger.source WHERE source = 'source-1'",
      ...unindexed(
        'ledger.source_pkey',
        "INSERT INTO ledger.source SELECT * FROM public.source_before WHERE source = 'source-1'",
      ),
    );
    expect((await verify()).findings).toEqual([
      expect.objectContaining({ code: 'index-mismatch', expected: '3 rows', found: '2 rows' }),
    ]);
  });

  it('meets every row of the table once, in however many statements it is read', async () => {
    const pool = createPool({ url: database.readerUrl, applicationName: 'test', max: 1 });
    const met: number[] = [];
    for await (const { indexes } of readPlaced(pool, LEDGER, 7)) met.push(...indexes);
    await pool.end();
    expect(met).toHaveLength(SIZE);
    expect(new Set(met).size).toBe(SIZE);
  });

  it('ends where rows of the table do not come as they lie there', async () => {
    await asSuperuser(database, (client) =>
      client.query(`CREATE SCHEMA disordered; GRANT USAGE ON SCHEMA disordered TO PUBLIC;
        CREATE VIEW disordered.entry AS SELECT ctid, index
          FROM (VALUES ('(0,2)'::tid, 0::bigint), ('(0,1)'::tid, 1::bigint)) AS v (ctid, index);
        GRANT SELECT ON disordered.entry TO PUBLIC`),
    );
    const pool = createPool({ url: database.readerUrl, applicationName: 'test', max: 1 });
    const rows = readPlaced(pool, schemaName('disordered'), 7);
    await expect(rows.next()).rejects.toMatchObject({
      code: 'internal',
      message: 'the entry table is not read in the order in which its rows lie',
    });
    await pool.end();
  });

  it('reads tiles as they are, in however many statements, and whatever their sizes', async () => {
    const expected = Array.from({ length: 200 }, (_, index) => ({
      index,
      hashes: Buffer.alloc(index === 70 ? 9_000 : index % 7 === 3 ? 33 : 8_192, index),
    })).filter(({ index }) => index !== 5 && index !== 64);
    await asSuperuser(database, async (client) => {
      for (const { index, hashes } of expected) {
        await client.query('INSERT INTO ledger.tile VALUES (7, $1, $2)', [index, hashes]);
      }
    });
    const met: StoredTile[] = [];
    for await (const { index, hashes } of (await reader.snapshot()).tiles(7, 0, 200)) {
      met.push({ index, hashes: Buffer.from(hashes) });
    }
    expect(met.map(({ index }) => index)).toEqual(expected.map(({ index }) => index));
    expect(met.filter(({ hashes }, n) => !expected[n]?.hashes.equals(hashes))).toEqual([]);
  });

  it('reads the table by places, however its statistics are', async () => {
    const pool = createPool({ url: database.readerUrl, applicationName: 'test', max: 1 });
    const plan = await inTransaction(pool, 'BEGIN', async (client) => {
      await client.query(THROUGH_NO_INDEX);
      const statement = "SELECT ctid, index FROM ledger.entry WHERE ctid >= '(0,0)'::tid LIMIT 8192";
      return (await client.query<Record<string, string>>(`EXPLAIN ${statement}`)).rows;
    });
    await pool.end();
    expect(plan.map((line) => line['QUERY PLAN'])).toContainEqual(expect.stringContaining('Tid Range Scan'));
  });

  it('takes what is appended while it runs for what it is', async () => {
    const run = verifyLedger(() => reader.snapshot());
    await run.next();
    for (let step = await run.next(), n = 0; ; n++) {
      if (step.done === true) {
        expect(step.value).toMatchObject({ intact: true, checked: SIZE, findings: [] });
        break;
      }
      await fill(database.projectorUrl, [
        { source: `late-${n}` },
        { source: 'source-1', verdict: 'duplicate' },
      ]);
      step = await run.next();
    }
  });

  it('counts every row that the head does not cover, and lists a thousand', async () => {
    await tamper(
      'ALTER TABLE ledger.entry DROP CONSTRAINT IF EXISTS entry_pkey',
      copyOf(3, `${SIZE} + n`, 1500),
    );
    const report = await verify();
    expect(report.findings).toHaveLength(1000);
    expect(report.findingsTotal).toBe(1500);
    expect(await verify({ fromIndex: 1 })).toMatchObject({
      findingsTotal: 1000,
      notChecked: ['further rows that the head does not cover'],
    });
  });

  it.each([
    ["INSERT INTO ledger.tile VALUES (0, 99, '\\x00')", 'tile 99 of level 0'],
    ["INSERT INTO ledger.tile VALUES (5, 0, '\\x00')", 'tile 0 of level 5'],
    ["INSERT INTO ledger.tile VALUES (0, -1, '\\x00')", 'tile -1 of level 0'],
    [
      "UPDATE ledger.tile SET hashes = hashes || sha256('x') WHERE level = 0 AND index = 1",
      'tile 1 of level 0: has more hashes',
    ],
    [
      "UPDATE ledger.tile SET hashes = hashes || sha256('x') WHERE level = 1",
      'tile 0 of level 1: has more hashes',
    ],
  ])('finds what no tree of its size has: %s', async (statement, detail) => {
    await tamper(statement);
    const report = await verify();
    expect(report.findings).toEqual([
      expect.objectContaining({ code: 'tile-mismatch', detail: expect.stringContaining(detail) as string }),
    ]);
  });

  it('finds a second head that its primary key does not hold', async () => {
    await tamper(...unindexed('ledger.head_pkey', 'INSERT INTO ledger.head SELECT * FROM ledger.head'));
    expect((await verify()).findings).toContainEqual(expect.objectContaining({ code: 'unreadable-value' }));
  });

  it('reads what the head covered when it was taken, whatever is appended since', async () => {
    const snapshot = await reader.snapshot();
    await fill(database.projectorUrl, [{ source: 'late' }]);
    let rows = 0;
    for await (const chunk of snapshot.rows(0, snapshot.head.size, NO_FILTERS)) rows += chunk.length;
    expect(rows).toBe(SIZE);
    expect(snapshot.sourceHeads.map(({ source }) => source)).not.toContain('late');
  });

  it('is of one moment, also when the ledger moves on while it is taken', async () => {
    const pool = createPool({ url: database.readerUrl, applicationName: 'test', max: 1 });
    const client = await pool.connect();
    const query = (statement: string | pg.QueryConfig | pg.Submittable): unknown => {
      if (typeof statement === 'object' && 'submit' in statement) return client.query(statement);
      return client.query(statement).then(async (result) => {
        const text = typeof statement === 'string' ? statement : statement.text;
        if (text.includes('ledger.head')) await fill(database.projectorUrl, [{ source: 'meanwhile' }]);
        return result;
      });
    };
    const interrupted = { connect: () => Promise.resolve({ query, release: () => client.release() }) };
    const apart = new ApartReader({ url: database.readerUrl, schema: LEDGER, queryLimitMs: 10_000 });
    const snapshot = await takeSnapshot(interrupted as unknown as pg.Pool, LEDGER, apart);
    await pool.end();
    expect(snapshot.head.size).toBe(SIZE);
    expect(snapshot.sourceHeads.map(({ source }) => source)).not.toContain('meanwhile');
    expect(snapshot.beyond).toEqual([]);
  });
});
