import { describe, expect, it } from 'vitest';
import type { Index, Json, Revision, Verdict } from '../../src/ledger/types.js';
import { registrationData } from '../../src/schemas/registration.js';
import { schemaHash, SchemaRegistry, type RegistrationEntry } from '../../src/schemas/registry.js';

function registration(
  index: number,
  type: string,
  schema: Json,
  parts: { readonly verdict?: Verdict; readonly source?: string; readonly data?: string } = {},
): RegistrationEntry {
  const { verdict = 'accepted', source = '_schemas', data } = parts;
  return {
    header: {
      source,
      type: 'schema.registered',
      verdict,
      index: index as Index,
      revision: index as Revision,
    },
    data: data === undefined ? registrationData(type, schema) : Buffer.from(data),
  };
}

describe('the registry', () => {
  it('has the latest registration of each type in force, and that of _default for all others', () => {
    const registry = new SchemaRegistry();
    registry.apply(registration(3, 'a', true));
    expect(registry.inForce('b')).toBeNull();
    registry.apply(registration(4, '_default', { type: 'object' }));
    registry.apply(registration(9, 'a', false));
    expect(registry.inForce('a')?.hash).toBe(schemaHash(false));
    expect(registry.inForce('b')?.hash).toBe(schemaHash({ type: 'object' }));
    expect(registry.registered('b')).toBeNull();
    expect(registry.list().map(({ type, index, revision }) => [type, index, revision])).toEqual([
      ['_default', 4, 4],
      ['a', 9, 9],
    ]);
    expect(registry.size).toBe(2);
  });

  it('is not changed by what is no accepted registration', () => {
    const registry = new SchemaRegistry();
    registry.apply(registration(0, 'a', true));
    registry.apply(registration(1, 'a', false, { verdict: 'rejected' }));
    registry.apply(registration(2, 'a', false, { verdict: 'duplicate' }));
    registry.apply(registration(3, 'a', false, { source: 'billing' }));
    registry.apply(registration(4, 'a', false, { data: 'nonsense' }));
    registry.apply(registration(5, 'a', false, { data: '{"type":"a"}' }));
    expect(registry.inForce('a')?.hash).toBe(schemaHash(true));
  });

  it('is not turned back by entries that come again', () => {
    const registry = new SchemaRegistry();
    const [first, second] = [registration(0, 'a', true), registration(1, 'a', false)];
    for (const entry of [first, second, first]) registry.apply(entry);
    expect(registry.inForce('a')?.hash).toBe(schemaHash(false));
  });

  it('takes ten thousand registrations without compiling them, and compiles what is asked for', () => {
    const registry = new SchemaRegistry();
    const schema = (i: number): Json => ({
      type: 'object',
      properties: { [`member${i}`]: { type: 'string', minLength: 1 } },
    });
    const started = performance.now();
    for (let i = 0; i < 10_000; i++) registry.apply(registration(i, `type ${i}`, schema(i)));
    // compiling takes a millisecond each
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(registry.inForce('type 77')?.accepts({ member77: '' })).toBe(false);
    expect(registry.inForce('type 78')?.accepts({ member77: '' })).toBe(true);
  });

  it('accepts nothing by a schema that an entry calls accepted and that is none', () => {
    const registry = new SchemaRegistry();
    registry.apply(registration(0, 'a', { type: 'strin' }));
    expect(registry.inForce('a')?.accepts({})).toBe(false);
    expect(registry.inForce('a')?.validate({})).toHaveLength(1);
  });
});
