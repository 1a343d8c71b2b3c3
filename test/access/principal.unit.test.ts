import { describe, expect, it } from 'vitest';
import {
  administrator,
  may,
  mayRead,
  mayWriteTo,
  readableBy,
  ROLES,
  type Right,
  type Role,
} from '../../src/access/principal.js';
import { meets } from '../../src/ledger/source-pattern.js';

const of = (role: Role, ...sources: readonly string[]) => ({ name: 'one', roles: [role], sources });

describe('a pattern of sources', () => {
  it.each([
    ['billing', 'billing', true],
    ['billing', 'billing.eu', false],
    ['billing.*', 'billing.eu', true],
    ['billing.*', 'billing.', true],
    ['billing.*', 'billing', false],
    ['billing.*', 'Billing.eu', false],
    ['a*b', 'a*b', true],
    ['a*b', 'axb', false],
    ['**', '*x', true],
    ['**', 'x', false],
    ['*', 'anything', true],
    ['*', '_schemas', false],
    ['_*', '_schemas', true],
  ])('%s of %s: %s', (pattern, source, expected) => {
    expect(meets(source, pattern)).toBe(expected);
  });
});

describe('a principal', () => {
  const RIGHTS: readonly Right[] = ['write', 'read', 'survey', 'verify', 'monitor', 'administer'];

  it('may what its roles are for, and nothing else', () => {
    const table = Object.fromEntries(
      ROLES.map((role) => [role, RIGHTS.filter((right) => may(of(role), right))]),
    );
    expect(table).toEqual({
      writer: ['write'],
      reader: ['read'],
      auditor: ['read', 'survey', 'verify'],
      monitor: ['monitor'],
      admin: RIGHTS,
    });
    expect(RIGHTS.filter((right) => may({ name: 'none', roles: [], sources: ['*'] }, right))).toEqual([]);
  });

  it('writes to the sources that its patterns meet, and to none of the ledger’s own', () => {
    const writer = of('writer', 'billing.*', '_*', '*');
    expect(mayWriteTo(writer, 'billing.eu')).toBe(true);
    expect(mayWriteTo(writer, '_access')).toBe(false);
    expect(mayWriteTo(of('writer', 'billing.*'), 'crm')).toBe(false);
    expect(mayWriteTo(of('writer'), 'crm')).toBe(false);
    expect(mayWriteTo(of('auditor', '*'), 'crm')).toBe(false);
    expect(mayWriteTo(administrator('root'), 'crm')).toBe(true);
    expect(mayWriteTo(administrator('root'), '_schemas')).toBe(false);
  });

  it('reads what its patterns meet, unless its role is about all', () => {
    const reader = of('reader', 'billing.*', '_schemas');
    expect(readableBy(reader)).toEqual(['billing.*', '_schemas']);
    expect(['billing.eu', '_schemas', 'crm', '_access'].map((source) => mayRead(reader, source))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(mayRead(of('reader', '*'), '_schemas')).toBe(false);
    expect(mayRead(of('auditor'), '_schemas')).toBe(true);
    expect(mayRead({ name: 'both', roles: ['writer', 'auditor'], sources: ['crm'] }, 'billing.eu')).toBe(
      true,
    );
  });
});
