import { describe, expect, it } from 'vitest';
import { migrateSql } from '../../src/read-model/migrate.js';
import { quoted, rolesOf } from '../../src/read-model/roles.js';

describe('the group roles', () => {
  it('are named for their database', () => {
    expect(rolesOf('audit')).toEqual({
      owner: 'audit_owner',
      reader: 'audit_reader',
      api: 'audit_api',
      projector: 'audit_projector',
      credentials: 'audit_credentials',
    });
  });

  it('are never cut: a database whose name is too long for them is refused', () => {
    expect(rolesOf('x'.repeat(51)).credentials).toHaveLength(63);
    expect(() => rolesOf('x'.repeat(52))).toThrow('51 bytes');
    expect(() => rolesOf('é'.repeat(26))).toThrow('51 bytes');
  });

  it('stand in SQL as they are, whatever characters they have', () => {
    expect(quoted('a "b"; DROP')).toBe('"a ""b""; DROP"');
  });
});

describe('the SQL that is printed for an administrator', () => {
  it('makes the roles, and grants them to the logins and to who migrates', () => {
    const sql = migrateSql({
      adminUrl: 'postgres://migrator@db.example/audit-log',
      grants: [{ login: 'ledger', groups: ['api', 'projector'] }],
    });
    expect(sql.split('\n').slice(1)).toEqual([
      'CREATE ROLE "audit-log_owner" NOLOGIN INHERIT;',
      'CREATE ROLE "audit-log_reader" NOLOGIN INHERIT;',
      'CREATE ROLE "audit-log_api" NOLOGIN INHERIT;',
      'CREATE ROLE "audit-log_projector" NOLOGIN INHERIT;',
      'CREATE ROLE "audit-log_credentials" NOLOGIN INHERIT;',
      'GRANT "audit-log_reader" TO "audit-log_api", "audit-log_projector";',
      'GRANT "audit-log_owner" TO "migrator";',
      'GRANT CREATE ON DATABASE "audit-log" TO "migrator";',
      'GRANT "audit-log_api", "audit-log_projector" TO "ledger";',
      '',
    ]);
  });
});
