import { describe, expect, it } from 'vitest';
import { ledgerMigrations } from '../../src/read-model/migrations.js';
import { inSchema, schemaName } from '../../src/read-model/schema-name.js';

const OTHER = schemaName('elsewhere');

describe('a migration for another schema', () => {
  it('names the other schema wherever it named the ledger', () => {
    expect(
      inSchema(
        "CREATE SCHEMA ledger; to_regclass('ledger'); ledger.entry, (ledger.head) ON ledger.tile",
        OTHER,
      ),
    ).toBe(
      "CREATE SCHEMA elsewhere; to_regclass('elsewhere'); elsewhere.entry, (elsewhere.head) ON elsewhere.tile",
    );
  });

  it('leaves other words alone', () => {
    const sql = "the ledger is append-only; ledger_rebuild.entry; my_ledger.entry; 'the ledger'; ledgers.x";
    expect(inSchema(sql, OTHER)).toBe(sql);
  });

  it('leaves no object of the read model in the ledger', () => {
    const statements = ledgerMigrations()
      .map((sql) => inSchema(sql, OTHER).replaceAll(/--.*$/gm, ''))
      .join('\n');
    expect(statements).not.toMatch(/\bledger\./);
    expect(statements.match(/\belsewhere\./g)?.length).toBeGreaterThan(20);
  });
});

describe('a schema name', () => {
  it.each(['Ledger', 'a b', '', '1a', 'a"b', 'x'.repeat(64)])('is not %j', (name) => {
    expect(() => schemaName(name)).toThrow('no schema name');
  });
});
