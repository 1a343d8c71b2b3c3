import { expect, test } from 'vitest';
import { admit, type Admitted } from '../../src/http/admission.js';
import { decodeMetadata } from '../../src/ledger/metadata.js';
import type { Json } from '../../src/ledger/types.js';

function admitted(members: Readonly<Record<string, Json>>): Admitted {
  const value = { source: 's', type: 't', payload: 1, ...members };
  return admit({ ok: true, value }, null, 'admin') as Admitted;
}

test.each([
  ['order 17', 'order 17'],
  ['00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000'],
  ['8D989DC8-3CA8-4888-9299-38EEA4BF95E2', undefined],
])('metadata has the id as it was sent, when it is no UUID: %s', (id, kept) => {
  expect(decodeMetadata(admitted({ id }).metadata)?.id).toBe(kept);
});

test('a context may have 32 levels', () => {
  const context = JSON.parse('['.repeat(32) + ']'.repeat(32)) as Json;
  expect(decodeMetadata(admitted({ context }).metadata)?.context).toEqual(context);
});

test('no two events have the same salt', () => {
  const salts = Array.from({ length: 1000 }, () => decodeMetadata(admitted({}).metadata)?.salt);
  expect(new Set(salts).size).toBe(1000);
});
