/** What the golden corpus of judge 1 says something about: schemas, and values for each. */
import type { Json } from '../../src/ledger/types.js';

export interface Case {
  readonly schema: Json;
  readonly values?: readonly Json[];
}

const TEXTS = ['', 'a', 'A1', 'é', '😀', ' ', '2026-11-20', 'c-1', 'x@example.org', '\n'];
const DATES = [
  ...['2026-11-20T10:00:00Z', '2026-11-20t10:00:00.123z', '2026-11-20 10:00:00Z', '2026-11-20T10:00:00'],
  ...['2026-02-29T00:00:00Z', '2024-02-29T00:00:00+14:00', '2026-11-20T24:00:00Z', '2026-12-31T23:59:60Z'],
  ...[
    '2026-11-20T10:00:00+0100',
    '2026-11-20T10:00:00+01',
    '0000-01-01T00:00:00Z',
    '2026-13-01',
    '10:00:00Z',
  ],
];
const HOSTS = [
  'example.org',
  'a',
  'a..b',
  '-a',
  'a-',
  'xn--bcher-kva.example',
  'EXAMPLE.org.',
  'a_b',
  'é.org',
];
const NUMBERS = [0, 1, -1, 0.29, 1.1, 0.3, 12.345, 1e21, 1e300, 5e-324, 90071992547409.91, 9007199254740991];

function format(name: string, values: readonly string[]): Case {
  return { schema: { format: name }, values: [...values, 'nonsense é', '', 1] };
}

function pattern(source: string, values: readonly string[] = TEXTS): Case {
  return { schema: { pattern: source }, values };
}

export const CASES: readonly Case[] = [
  { schema: true, values: [null, {}] },
  { schema: false, values: [null, {}] },
  { schema: {}, values: [null, {}] },
  {
    schema: { title: 't', description: 'd', default: 1, examples: [1], $comment: 'c', deprecated: true },
    values: [2],
  },
  { schema: { type: 'integer' }, values: [1, 1.5, 1e300, '1', null] },
  { schema: { type: ['string', 'null'] }, values: ['a', null, 0, false] },
  { schema: { type: 'object' }, values: [{}, [], null] },
  {
    schema: { enum: [1, '1', null, { a: [1] }] },
    values: [1, '1', null, { a: [1] }, { a: [2] }, 2, { valueOf: 1 }],
  },
  { schema: { enum: [] }, values: [1] },
  { schema: { const: { b: 1, a: 2 } }, values: [{ a: 2, b: 1 }, { a: 2 }, null] },
  { schema: { minimum: 1.1, exclusiveMaximum: 12.345 }, values: NUMBERS },
  { schema: { multipleOf: 0.01 }, values: NUMBERS },
  { schema: { multipleOf: 1e-300 }, values: NUMBERS },
  { schema: { multipleOf: 3 }, values: [...NUMBERS, 3, 9] },
  { schema: { minLength: 1, maxLength: 2 }, values: [...TEXTS, '😀😀', '😀😀😀'] },
  { schema: { minItems: 1, maxItems: 2, items: { type: 'number' } }, values: [[], [1], ['a'], [1, 2, 3]] },
  { schema: { prefixItems: [{ type: 'string' }], items: false }, values: [[], ['a'], [1], ['a', 1]] },
  { schema: { contains: { const: 1 }, minContains: 2, maxContains: 3 }, values: [[1], [1, 1], [1, 1, 1, 1]] },
  { schema: { contains: { const: 1 } }, values: [[], [2, 1]] },
  {
    schema: { uniqueItems: true },
    values: [[], [1, '1'], [1, 1], ['__proto__', '__proto__'], [{ a: 1 }, { a: 1 }]],
  },
  {
    schema: { items: { type: 'string' }, uniqueItems: true },
    values: [
      ['constructor', 'toString'],
      ['a', 'a'],
    ],
  },
  { schema: { required: ['a', 'constructor'] }, values: [{ a: 1 }, { a: 1, constructor: 1 }, []] },
  {
    schema: { properties: { a: { type: 'string' }, toString: false } },
    values: [{}, { a: 1 }, { toString: 1 }],
  },
  {
    schema: { properties: { a: true }, additionalProperties: false },
    values: [{ a: 1 }, { b: 1 }, { valueOf: 1 }],
  },
  {
    schema: { patternProperties: { '^a': { type: 'null' }, b$: { type: 'null' } } },
    values: [{ a: null }, { ab: 1 }],
  },
  { schema: { propertyNames: { maxLength: 1 } }, values: [{ a: 1 }, { ab: 1 }] },
  { schema: { minProperties: 1, maxProperties: 1 }, values: [{}, { a: 1 }, { a: 1, b: 2 }] },
  { schema: { dependentRequired: { a: ['b'] } }, values: [{}, { a: 1 }, { a: 1, b: 1 }] },
  {
    schema: { dependentSchemas: { a: { maxProperties: 1 } } },
    values: [{ a: 1 }, { a: 1, b: 1 }, { b: 1, c: 1 }],
  },
  { schema: { allOf: [{ minimum: 1 }, { maximum: 2 }] }, values: [0, 1, 3] },
  { schema: { anyOf: [{ type: 'string' }, { minimum: 2 }] }, values: ['a', 1, 2, null] },
  { schema: { oneOf: [{ type: 'number' }, { minimum: 2 }] }, values: [1, 2, 'a'] },
  { schema: { not: { type: 'string' } }, values: ['a', 1] },
  {
    schema: { if: { type: 'string' }, then: { minLength: 2 }, else: { type: 'null' } },
    values: ['a', 'ab', null, 1],
  },
  {
    schema: {
      anyOf: [{ properties: { a: true }, required: ['a'] }, { properties: { b: true } }],
      unevaluatedProperties: false,
    },
    values: [{ a: 1 }, { b: 1 }, { a: 1, b: 1 }, { c: 1 }, { constructor: 1 }],
  },
  {
    schema: {
      anyOf: [{ prefixItems: [{ type: 'string' }] }, { contains: { const: 1 } }],
      unevaluatedItems: false,
    },
    values: [['a'], ['a', 2], [1], [2, 1], []],
  },
  {
    schema: {
      $id: 'https://example.com/tree',
      $dynamicAnchor: 'node',
      type: 'object',
      properties: { value: { $ref: '#/$defs/v' }, next: { $dynamicRef: '#node' } },
      unevaluatedProperties: false,
      $defs: { v: { type: 'number' } },
    },
    values: [{ next: { next: { value: 1 } } }, { next: { value: 'a' } }, { next: { other: 1 } }],
  },
  {
    schema: { $ref: 'https://json-schema.org/draft/2020-12/schema' },
    values: [{ type: 'string' }, { type: 'strin' }],
  },
  format('date-time', DATES),
  format('date', ['2026-11-20', '2026-02-29', '2024-02-29', '2026-1-1']),
  format('time', ['10:00:00Z', '10:00:00', '23:59:60Z', '10:00:00.5+01:00']),
  format('duration', ['P1Y2M3DT4H5M6S', 'P1W', 'P', 'PT', 'P1YT', '1Y']),
  format('email', ['x@example.org', 'x@localhost', 'x@', '@x', 'x.y+z@a-b.example', '"x"@example.org']),
  format('hostname', HOSTS),
  format('ipv4', ['127.0.0.1', '256.0.0.1', '01.2.3.4', '1.2.3']),
  format('ipv6', ['::', '::1', '1::2::3', 'fe80::1%eth0', '::ffff:127.0.0.1']),
  format('uri', ['https://example.org/a?b#c', 'urn:a:b', '/a', 'a:', 'http://a b', 'http://[::1]:80/']),
  format('uri-reference', ['/a', 'a', '#b', 'http://a b', '%zz']),
  format('uri-template', ['/a/{b}', '/a/{b', '{+c*}']),
  format('uuid', [
    '875240ac-e821-4fc6-a311-8c352a1d20f5',
    'urn:uuid:875240ac-e821-4fc6-a311-8c352a1d20f5',
    '875240ac',
  ]),
  format('json-pointer', ['/a~1b', '/a~2', 'a']),
  format('relative-json-pointer', ['0#', '1/a', '/a', '01']),
  format('regex', ['^a+$', '(a+)+$', '[', '\\p{L}', '(?<=a)b']),
  ...['idn-email', 'iri', 'password', 'int32', 'colour'].map((name): Case => ({ schema: { format: name } })),
  pattern('^[A-Z]{3}$', ['EUR', 'eur', 'EURO', 'EUR\n']),
  pattern('a|é'),
  pattern('^.$'),
  pattern('^\\w\\b', ['a', 'é', 'ab', 'a b']),
  pattern('^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$', ['x@example.org', 'x@example', 'x y@example.org']),
  pattern('^(?=.*\\d)(?!.*\\s).{2,}$', ['a1', 'aa', 'a 1', '1']),
  pattern('\\u{1F600}|[\\u{1F601}-\\u{1F602}]', ['😀', '😁', '😃']),
  ...['(a+)+$', '(a*)*', '(.*a){20}', '(a)\\1', '(?<=a)b', 'a(?=b)', '\\p{L}', '(?i:a)', 'a{99999}', '['].map(
    (source) => pattern(source),
  ),
  ...[
    { type: 'strin' },
    { minimum: '1' },
    { tpye: 'string' },
    { nullable: true },
    { $async: true },
    { $schema: 'http://json-schema.org/draft-07/schema#' },
    { $ref: 'https://example.com/other' },
    { $ref: '#/$defs/none' },
    { $ref: '#' },
    { $ref: '#/examples/0', examples: [{}] },
    { items: { $id: 'https://example.com/inner' } },
    { then: true },
    { minContains: 1 },
    { $comment: 'x'.repeat(65_536) },
    { properties: Object.fromEntries(Array.from({ length: 251 }, (_, i) => [`p${i}`, true])) },
    'no schema',
    null,
  ].map((schema): Case => ({ schema: schema })),
];
