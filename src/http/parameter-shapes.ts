/** What may stand in a URL, as JSON Schema. */
import type { TString, TStringOptions } from 'typebox';
import { Type } from './json-schema.js';
import { LIMIT } from './parameters.js';
import { name } from './text-shapes.js';

/** No text in a URL has U+0000. */
export const anyText = { pattern: '^[^\\u0000]*$' };
const someText = { minLength: 1, ...anyText };

const place = (description: string) =>
  Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description });
const time = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }));
/** Repeated, any of its values is meant. */
export const anyOf = (description: string, value: TStringOptions = someText) =>
  Type.Optional(Type.Array(Type.String(value), { description }));

/** A parameter for each name of a form; in /openapi.json an object whose members they are. */
export const manyNamed = (names: object, description: string) =>
  Type.Optional(
    Type.Unknown({
      type: 'object',
      propertyNames: names,
      // an empty one would be sent under the name of the form
      minProperties: 1,
      additionalProperties: { type: 'string', ...anyText },
      description,
    }),
  );

export const FilterQuery = Type.Object({
  source: anyOf('who reported'),
  type: anyOf('what happened'),
  actor: anyOf('who did it'),
  recordedBy: anyOf('the credential it came through'),
  subject: anyOf('what it is about'),
  verdict: Type.Optional(
    Type.Array(Type.Enum(['accepted', 'rejected', 'duplicate']), { description: 'what it was judged' }),
  ),
  since: time('recordedAt, from'),
  until: time('recordedAt, before'),
  occurredSince: time('occurredAt, from'),
  occurredUntil: time('occurredAt, before'),
  fromIndex: Type.Optional(place('from this index')),
  toIndex: Type.Optional(place('before this index')),
  'payload.{path}': manyNamed(
    { pattern: '^payload(\\.[^.\\u0000]+)+$', not: { const: 'payload.{path}' } },
    'the scalar at a path of member names and array indexes, separated by dots: `payload.items.0.sku=7`. A value is ' +
      'the string, and the JSON scalar if it is one; in quotes the string only',
  ),
  'payload:{pointer}': manyNamed(
    { pattern: '^payload:(/([^/~\\u0000]|~[01])*)*$' },
    'the scalar at a JSON Pointer, where a name has a dot in it: `payload:/a.b/0=7`',
  ),
});

/** Whether the ledger's own sources are shown. */
export const Internal = {
  internal: Type.Optional(
    Type.Enum(['true', 'false'], { default: 'false', description: "show the ledger's own sources" }),
  ),
};

export const Limit = Type.Optional(
  Type.Integer({ minimum: 1, maximum: LIMIT.most, default: LIMIT.usual, description: 'how many at most' }),
);

/** Of pages whose place is opaque: the other parameters must be those of the page before. */
export const Paging = {
  limit: Limit,
  cursor: Type.Optional(
    Type.String({ pattern: '^[\\w-]+$', description: '`next` of the page before; with the same parameters' }),
  ),
};

export const PageQuery = Type.Object({
  ...FilterQuery.properties,
  ...Internal,
  order: Type.Optional(Type.Enum(['asc', 'desc'], { default: 'desc', description: 'by index' })),
  ...Paging,
});

/** One of several sources that share an id. */
export const OneSource = Type.Optional(
  Type.String({ ...anyText, description: 'whose, where several sources share the id' }),
);

/** Which part of the ledger: half-open. */
export const Range = { fromIndex: FilterQuery.properties.fromIndex, toIndex: FilterQuery.properties.toIndex };

export const FromRevision = Type.Optional(place('from this revision on'));

/** Numbers in a path or a header field arrive as text. */
const written = (description: string) => place(description) as unknown as TString;

export const textInPath = (description: string) => Type.String({ minLength: 1, description });
export const SourceInPath = textInPath('the source, percent-encoded');
export const TypeInPath = name('the type, percent-encoded');
export const RevisionInPath = written("0-based place in the source's stream");
export const IndexInPath = written('0-based place in the ledger');
export const EventIdInPath = Type.String({
  pattern: '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$',
  description: 'the event id, a UUID',
});

export const LastEventId = Type.Optional(written('the last index that was seen: it goes on behind it'));
