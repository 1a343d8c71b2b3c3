import TypeBox from 'typebox';
import { describe, expect, it } from 'vitest';
import { Type } from '../../src/http/json-schema.js';

/** Every builder, with and without options, plain and in each other. */
function schemas(type: typeof Type): readonly object[] {
  const name = type.String({ minLength: 1, description: 'a name' });
  const named = type.Object({ name, note: type.Optional(type.String()), more: type.Optional(name) });
  const optional = type.Optional(type.Object({ a: type.Optional(type.Null()) }, { description: 'optional' }));
  return [
    ...[name, type.String(), type.Integer({ minimum: 0 }), type.Number(), type.Boolean(), type.Null()],
    ...[type.Unknown(), type.Unknown({ description: 'anything' })],
    ...[type.Literal('one'), type.Literal(1), type.Literal(true, { description: 'yes' })],
    ...[type.Enum(['a', 'b']), type.Enum([200, 202], { description: 'of a success' })],
    ...[type.Array(name), type.Array(type.Integer(), { maxItems: 3 })],
    ...[
      type.Union([name, type.Null()]),
      type.Union([type.Object({}), type.Boolean()], { description: 'either' }),
    ],
    ...[named, type.Object({}), type.Object({ named, optional }, { additionalProperties: false })],
    ...[type.Omit(named, ['note']), type.Omit(named, ['name', 'more'])],
    type.Object({ ...type.Omit(named, ['note']).properties, other: type.Optional(type.Integer()) }),
    type.Record(type.String(), type.Array(type.String()), { description: 'by name' }),
  ];
}

describe('building JSON Schemas', () => {
  it.each(schemas(Type).map((schema, i) => [JSON.stringify(schema), schema, schemas(TypeBox)[i]]))(
    'makes what TypeBox makes: %s',
    (_, schema, expected) => {
      expect(JSON.stringify(schema)).toBe(JSON.stringify(expected));
    },
  );
});
