/**
 * Building JSON Schemas that TypeScript knows the values of. The types are TypeBox's; its program is 370 modules, half of
 * what a start would load, for what takes a page here. Schemas are what TypeBox makes of the same calls, member by member.
 */
import type TypeBox from 'typebox';
import type { TProperties, TSchema } from 'typebox';

type Builders =
  | 'Array'
  | 'Boolean'
  | 'Enum'
  | 'Integer'
  | 'Literal'
  | 'Null'
  | 'Number'
  | 'Object'
  | 'Omit'
  | 'Optional'
  | 'Record'
  | 'String'
  | 'Union'
  | 'Unknown';

type Options = Readonly<Record<string, unknown>>;

/** Marks a property that may be left out; not enumerable, so that it is no part of the schema. */
const OPTIONAL = '~optional';

const build = {
  Array: (items: TSchema, options?: Options) => ({ type: 'array', items, ...options }),
  Boolean: (options?: Options) => ({ type: 'boolean', ...options }),
  Enum: (values: readonly unknown[], options?: Options) => ({ enum: values, ...options }),
  Integer: (options?: Options) => ({ type: 'integer', ...options }),
  Literal: (value: string | number | boolean, options?: Options) => ({
    type: typeof value,
    const: value,
    ...options,
  }),
  Null: (options?: Options) => ({ type: 'null', ...options }),
  Number: (options?: Options) => ({ type: 'number', ...options }),
  Object: (properties: TProperties, options?: Options) => {
    const required = Object.keys(properties).filter((name) => !(OPTIONAL in (properties[name] ?? {})));
    return { type: 'object', ...(required.length > 0 ? { required } : {}), properties, ...options };
  },
  Omit: ({ properties }: { readonly properties: TProperties }, names: readonly string[]) =>
    build.Object(Object.fromEntries(Object.entries(properties).filter(([name]) => !names.includes(name)))),
  Optional: (schema: TSchema) => Object.defineProperty({ ...schema }, OPTIONAL, { value: true }),
  Record: (_names: TSchema, values: TSchema, options?: Options) => ({
    type: 'object',
    patternProperties: { '^.*$': values },
    ...options,
  }),
  String: (options?: Options) => ({ type: 'string', ...options }),
  Union: (anyOf: readonly TSchema[], options?: Options) => ({ anyOf, ...options }),
  Unknown: (options?: Options) => ({ ...options }),
};

/** Names are any text, as `Record` has them here; see TypeBox for the rest. */
export const Type = build as unknown as Pick<typeof TypeBox, Builders>;
