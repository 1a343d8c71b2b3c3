/** Schemas and values over few names and scalars, so that they often meet. */
import fc from 'fast-check';
import type { Json } from '../../src/ledger/types.js';

export type Schema = boolean | Readonly<Record<string, Json>>;

const name = fc.constantFrom('a', 'b', 'c', 'x/y~z');
const scalar: fc.Arbitrary<Json> = fc.constantFrom<Json[]>(null, true, 0, 1, 2.5, -3, '', 'a', 'ab', '😀b');

export const value = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

const types = fc.constantFrom('null', 'boolean', 'integer', 'number', 'string', 'array', 'object');
const small = fc.integer({ min: 0, max: 3 });

const { schema } = fc.letrec<{ schema: Schema; members: Schema }>((tie) => ({
  schema: fc.oneof({ depthSize: 'small', withCrossShrink: true }, fc.boolean(), tie('members')),
  members: someOf({
    type: fc.oneof(types, fc.uniqueArray(types, { minLength: 1, maxLength: 3 })),
    enum: fc.array(scalar, { minLength: 1, maxLength: 3 }),
    const: scalar,
    minimum: fc.constantFrom(-3, 0, 2.5),
    exclusiveMaximum: fc.constantFrom(0, 2, 2.5),
    multipleOf: fc.constantFrom(1, 2, 0.5),
    minLength: small,
    maxLength: small,
    pattern: fc.constantFrom('^a', 'b$', '^[^a]*$', '(?:ab)+', '^.$'),
    minItems: small,
    maxItems: small,
    uniqueItems: fc.boolean(),
    minProperties: small,
    maxProperties: small,
    required: fc.uniqueArray(name, { maxLength: 2 }),
    dependentRequired: fc.dictionary(name, fc.uniqueArray(name, { maxLength: 2 }), {
      maxKeys: 2,
      noNullPrototype: true,
    }),
    prefixItems: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
    items: tie('schema'),
    contains: tie('schema'),
    properties: fc.dictionary(name, tie('schema'), { maxKeys: 2, noNullPrototype: true }),
    patternProperties: fc.dictionary(fc.constantFrom('^a', 'c', '.'), tie('schema'), {
      maxKeys: 2,
      noNullPrototype: true,
    }),
    additionalProperties: tie('schema'),
    propertyNames: tie('schema'),
    dependentSchemas: fc.dictionary(name, tie('schema'), { maxKeys: 1, noNullPrototype: true }),
    allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
    anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }),
    oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }),
    not: tie('schema'),
    if: tie('schema'),
    then: tie('schema'),
    else: tie('schema'),
    unevaluatedProperties: tie('schema'),
    unevaluatedItems: tie('schema'),
    $ref: fc.constantFrom('#', '#/$defs/a', '#/$defs/x~1y~0z', '#here', '#/items', '#/allOf/0'),
    title: fc.constant('says nothing'),
    default: value,
  }),
}));

/** Few keywords each, so that schemas stay near to what is written. */
function someOf(keywords: Readonly<Record<string, fc.Arbitrary<Json>>>): fc.Arbitrary<Schema> {
  return fc
    .shuffledSubarray(Object.keys(keywords), { maxLength: 4 })
    .chain((chosen) => fc.record(Object.fromEntries(chosen.map((each) => [each, keywords[each] ?? scalar]))));
}

/** A schema with definitions, which its references may or may not find. */
export const schemaWithDefinitions: fc.Arbitrary<Schema> = fc
  .tuple(schema, schema, schema, schema)
  .map(([root, a, b, here]) =>
    typeof root === 'boolean'
      ? root
      : {
          ...root,
          $defs: { a, 'x/y~z': b, here: typeof here === 'boolean' ? here : { ...here, $anchor: 'here' } },
        },
  );
