import { describe, expect, it } from 'vitest';
import { verifyLedger, type Verification } from '../../src/ledger/verification.js';
import { openReader } from '../../src/read-model/reader.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { fill } from '../support/ledger-filler.js';

/** A ledger of ten entries after somebody altered its database, verified as the API does. */
async function verifyAltered(alter: (database: LedgerDatabase) => string): Promise<Verification> {
  const database = await createLedgerDatabase();
  await fill(
    database.projectorUrl,
    Array.from({ length: 10 }, (_, n) => ({ source: `source-${n % 3}` })),
  );
  const statements = alter(database);
  await asSuperuser(database, (client) => client.query(statements));
  const reader = openReader({ url: database.readerUrl, connections: 2 });
  try {
    const run = verifyLedger(() => reader.snapshot(), { selfCheck: await reader.selfCheck() });
    let step = await run.next();
    while (step.done !== true) step = await run.next();
    return step.value;
  } finally {
    await reader.close();
    await database.drop();
  }
}

const NO_TRIGGERS = 'ALTER TABLE ledger.entry DISABLE TRIGGER ALL';

describe('a ledger that was altered so that it cannot be read as it was', () => {
  it.each([
    `${NO_TRIGGERS}; ALTER TABLE ledger.entry ALTER index TYPE numeric;
     UPDATE ledger.entry SET index = 1999.5 WHERE index = 3`,
    "ALTER TABLE ledger.tile ALTER hashes TYPE text USING encode(hashes, 'hex')",
    `ALTER TABLE ledger.entry DROP COLUMN actor;
     ALTER TABLE ledger.entry ADD COLUMN actor text GENERATED ALWAYS AS ((1 / (revision - revision))::text) VIRTUAL`,
    'ALTER TABLE ledger.entry ENABLE ROW LEVEL SECURITY',
    `ALTER TABLE ledger.entry ENABLE ROW LEVEL SECURITY;
     CREATE POLICY hidden ON ledger.entry USING (index <> 3)`,
    'ALTER TABLE ledger.entry ALTER index TYPE text',
    "ALTER TABLE ledger.entry ALTER source TYPE bytea USING convert_to(source, 'UTF8')",
    "ALTER TABLE ledger.source ALTER last_hash TYPE text USING encode(last_hash, 'hex')",
    'ALTER TABLE ledger.source ALTER first_recorded_at TYPE text',
    `ALTER TABLE ledger.head ALTER hash DROP DEFAULT;
     ALTER TABLE ledger.head ALTER hash TYPE text USING encode(hash, 'hex')`,
    'ALTER TABLE ledger.head DROP COLUMN root',
    'ALTER TABLE ledger.entry DROP COLUMN data',
    'ALTER TABLE ledger.source DROP COLUMN count',
    'DROP TABLE ledger.tile',
    'DROP TABLE ledger.entry',
    `ALTER TABLE ledger.entry RENAME TO entry_kept;
     CREATE VIEW ledger.entry AS SELECT * FROM ledger.entry_kept WHERE index <> 3`,
    `ALTER TABLE ledger.head RENAME TO head_kept; CREATE VIEW ledger.head AS SELECT * FROM ledger.head_kept`,
    (database: LedgerDatabase) => `REVOKE SELECT ON ledger.entry FROM ${database.name}_reader`,
    (database: LedgerDatabase) => `REVOKE USAGE ON SCHEMA ledger FROM ${database.name}_reader`,
    (database: LedgerDatabase) => `REVOKE SELECT ON ledger_migrations.migration FROM ${database.name}_reader`,
  ])('is reported, never an error and never intact: %s', async (alter) => {
    const report = await verifyAltered(typeof alter === 'string' ? () => alter : alter);
    expect(report.intact).toBe(false);
    expect(report.findings.map(({ code }) => code)).toContain('catalogue-altered');
  });

  it('is said not to have been read', async () => {
    const report = await verifyAltered(() => 'ALTER TABLE ledger.entry ENABLE ROW LEVEL SECURITY');
    expect(report.notChecked).toEqual([expect.stringContaining('row-level security')]);
  });
});
