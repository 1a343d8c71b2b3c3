/** Requests made from a description: such as it allows, and such as it does not. */
import fc from 'fast-check';
import type { Schema } from './open-api.js';

/** What stands behind a reference. */
export type Resolve = (schema: Schema) => Schema;

/**
 * Values near a schema: most of them are of it, and whether one is must be asked (`not`, `if`, patterns of names and
 * sizes are not followed).
 */
export function valuesOf(schema: Schema, resolve: Resolve, depth = 0): fc.Arbitrary<unknown> {
  const at = resolve(schema);
  const inner = (part: unknown): fc.Arbitrary<unknown> => valuesOf(part as Schema, resolve, depth + 1);
  const { allOf, anyOf, items, properties } = at as {
    readonly allOf?: readonly Schema[];
    readonly anyOf?: readonly Schema[];
    readonly items?: Schema;
    readonly properties?: Readonly<Record<string, Schema>>;
  };
  if ('const' in at) return fc.constant(at.const);
  if (Array.isArray(at.enum)) return fc.constantFrom(...(at.enum as unknown[]));
  if (anyOf !== undefined) return fc.oneof(...flat(anyOf, depth, resolve).map(inner));
  if (allOf !== undefined) return inner({ ...at, allOf: undefined, ...resolve(allOf[0] ?? {}) });
  switch (at.type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return integers(at);
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'string':
      return texts(at);
    case 'array':
      return fc.array(inner(items ?? {}), { maxLength: 3 });
    case 'object':
      return objects(at, properties ?? {}, inner);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

/** Below some levels only what has none. */
function flat(options: readonly Schema[], depth: number, resolve: Resolve): readonly Schema[] {
  if (depth < 4) return options;
  const scalars = options.filter((option) => !['array', 'object'].includes(String(resolve(option).type)));
  return scalars.length === 0 ? options : scalars;
}

function integers({ minimum, maximum }: Schema): fc.Arbitrary<number> {
  const bounds = {
    min: (minimum as number | undefined) ?? Number.MIN_SAFE_INTEGER,
    max: (maximum as number | undefined) ?? Number.MAX_SAFE_INTEGER,
  };
  const near = [bounds.min, bounds.max].filter((bound) => Math.abs(bound) < 1e6);
  const small = fc.integer({ min: bounds.min, max: Math.min(bounds.max, bounds.min + 20) });
  return fc.oneof(small, fc.maxSafeInteger().map(Math.abs), ...near.map((bound) => fc.constant(bound)));
}

/** Some that patterns tell apart; a text that fits one by chance is rare, so some that fit the usual ones. */
function texts({ pattern, format }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time') {
    const dates = { min: new Date('0001-01-02'), max: new Date('9999-12-30'), noInvalidDate: true };
    return fc.date(dates).map((date) => date.toISOString());
  }
  const known = ['a', 'billing', 'customer.billed', 'é😀', 'a b', '/a', 'text/plain', 'AAAA', 'urn:x:y'];
  const any = fc.oneof(
    fc.constantFrom(
      ...known,
      'payload.a',
      'payload:/a~1b',
      '01a216c8-02c7-738f-a2b5-12a0b5c88931',
      '5f0a9c31d2e4',
    ),
    // astral noncharacters are what a pattern cannot name everywhere
    fc
      .string({ unit: 'binary', maxLength: 6 })
      .filter((text) => !/[^\0-\uffff]/u.test(text) || !/\p{Noncharacter_Code_Point}/u.test(text)),
    fc.string({ maxLength: 6 }),
  );
  if (pattern === undefined) return any;
  const fits = new RegExp(pattern as string, 'u');
  return fc.oneof({ arbitrary: any.filter((text) => fits.test(text)), weight: 9 }, any);
}

function objects(
  { required, additionalProperties, propertyNames }: Schema,
  properties: Readonly<Record<string, Schema>>,
  inner: (part: unknown) => fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  const record = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, inner(part)])),
    {
      requiredKeys: (required ?? []) as string[],
      noNullPrototype: true,
    },
  );
  if (additionalProperties === false || additionalProperties === undefined) return record;
  const names = texts((propertyNames ?? {}) as Schema);
  const values = additionalProperties === true ? fc.jsonValue({ maxDepth: 1 }) : inner(additionalProperties);
  const more = fc.dictionary(names, values, { maxKeys: 2, noNullPrototype: true });
  return fc.tuple(more, record).map(([others, known]) => ({ ...others, ...known }));
}

/** A value that was changed in one place: a member left out, added, or of another kind. */
export function changed(value: unknown): fc.Arbitrary<unknown> {
  const others = fc.constantFrom<unknown[]>(null, true, -1, 1.5, '', '\u0000', [], {}, [[]], 'x'.repeat(600));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return others;
  const names = Object.keys(value);
  const members = value as Readonly<Record<string, unknown>>;
  const without = (name: string): unknown =>
    Object.fromEntries(Object.entries(members).filter(([candidate]) => candidate !== name));
  return fc.oneof(
    others,
    others.map((other) => ({ ...members, unknownMember: other })),
    ...(names.length === 0
      ? []
      : [
          fc.constantFrom(...names).map(without),
          fc.tuple(fc.constantFrom(...names), others).map(([name, other]) => ({ ...members, [name]: other })),
          fc
            .constantFrom(...names)
            .chain((name) => changed(members[name]).map((other) => ({ ...members, [name]: other }))),
        ]),
  );
}
