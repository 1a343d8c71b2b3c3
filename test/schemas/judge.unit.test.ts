import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../src/ledger/canonical-json.js';
import { LedgerError } from '../../src/ledger/error.js';
import { sha256 } from '../../src/ledger/hash.js';
import type { Json } from '../../src/ledger/types.js';
import { admitSchema, compileSchema, type CompiledSchema } from '../../src/schemas/judge.js';
import { SharedWork } from '../../src/schemas/work.js';
import { schemaWithDefinitions, value, type Schema } from './schema-arbitraries.js';

function judge(schema: Schema): CompiledSchema {
  return compileSchema(schema, 1);
}

function refusal(schema: Json): string | null {
  const admission = admitSchema(schema, 1);
  if (admission.ok) return null;
  const { pointer, detail } = admission.problem;
  return `${pointer === '' ? 'the schema' : pointer} ${detail}`;
}

function map(count: number, schema: (i: number) => Json): Record<string, Json> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, schema(i)]));
}

function list(count: number, schema: (i: number) => Json): Json[] {
  return Array.from({ length: count }, (_, i) => schema(i));
}

function nested(levels: number): Json {
  let deep: Json = {};
  for (let i = 1; i < levels; i++) deep = { next: deep };
  return deep;
}

/** A validator that throws gives `rejected`. */
function acceptedBy(validate: ValidateFunction, payload: Json): boolean {
  try {
    return validate(payload);
  } catch {
    return false;
  }
}

describe('a schema', () => {
  it('judges as ajv does by itself, whatever is done to it before', () => {
    fc.assert(
      fc.property(
        schemaWithDefinitions,
        fc.array(value, { minLength: 5, maxLength: 5 }),
        (schema, values) => {
          const admission = admitSchema(schema, 1);
          fc.pre(admission.ok);
          const plain = new Ajv2020({ strict: false, ownProperties: true, logger: false }).compile(schema);
          for (const each of values) {
            const verdict = acceptedBy(plain, each);
            expect([each, admission.schema.accepts(each)]).toEqual([each, verdict]);
            expect(admission.schema.validate(each).length === 0).toBe(verdict);
          }
        },
      ),
      { numRuns: 150 },
    );
  }, 120_000);

  it('rejects what its validator fails on', () => {
    // ajv 8.20 cannot follow this reference from within `contains`
    const schema = judge({ contains: { $ref: '#', patternProperties: { '^a': false } } });
    expect(schema.accepts([{ a: null }])).toBe(false);
  });

  it('is known by the hash of its canonical form', () => {
    const schema = { type: 'object', required: ['a'], $comment: 'é' };
    expect(judge(schema).hash).toBe(sha256(canonicalBytes(schema)));
  });

  it('never changes what it judges', () => {
    const schema = judge({
      properties: { a: { type: 'number', default: 3 }, b: { default: 1 } },
      additionalProperties: false,
    });
    const payload = { a: '1', c: 2 };
    schema.validate(payload);
    expect(payload).toEqual({ a: '1', c: 2 });
  });

  it('may be named like another one, and judge differently', () => {
    const first = judge({ $id: 'https://example.com/schema', type: 'string' });
    const second = judge({ $id: 'https://example.com/schema', type: 'number' });
    expect([first.accepts('a'), first.accepts(1), second.accepts('a'), second.accepts(1)]).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  it('may refer to itself by its own name, by anchors and by dynamic anchors', () => {
    const schema = judge({
      $id: 'https://example.com/tree#',
      $dynamicAnchor: 'node',
      type: 'object',
      properties: {
        name: { $ref: 'https://example.com/tree#/$defs/a%20name' },
        alias: { $ref: '#name' },
        children: { items: { $dynamicRef: '#node' } },
        parent: { $ref: '#' },
      },
      $defs: { 'a name': { $anchor: 'name', type: 'string' } },
    });
    expect(schema.accepts({ name: 'a', children: [{ alias: 'b', parent: { children: [] } }] })).toBe(true);
    expect(schema.accepts({ children: [{ children: [{ name: 1 }] }] })).toBe(false);
    expect(schema.accepts({ parent: { alias: null } })).toBe(false);
  });

  it('may refer to the meta-schema', () => {
    const schema = judge({ items: { $ref: 'https://json-schema.org/draft/2020-12/schema' } });
    expect(schema.accepts([true, { type: 'string', items: { minimum: 0 } }])).toBe(true);
    expect(schema.accepts([{ items: { type: 'strin' } }])).toBe(false);
  });

  it('divides decimal numbers, not their binary neighbours', () => {
    const cents = judge({ multipleOf: 0.01 });
    for (const amount of [0, 0.29, 12.5, 1.1, 1e21, -19.99, 90071992547409.91]) {
      expect([amount, cents.accepts(amount)]).toEqual([amount, true]);
    }
    for (const amount of [0.001, 12.345, 1e-300]) {
      expect([amount, cents.accepts(amount)]).toEqual([amount, false]);
    }
    expect(judge({ multipleOf: 3 }).accepts(1e21)).toBe(false);
    expect(judge({ multipleOf: 1e-300 }).accepts(1e300)).toBe(true);
  });

  it('is not led astray by members that every object has', () => {
    const evaluated = judge({
      anyOf: [{ properties: { a: true }, required: ['a'] }, { properties: { b: true } }],
      unevaluatedProperties: false,
    });
    expect(evaluated.accepts({ constructor: 1 })).toBe(false);
    expect(evaluated.accepts({ toString: 1, b: 1 })).toBe(false);
    expect(judge({ required: ['constructor'] }).accepts({})).toBe(false);
    expect(judge({ properties: { valueOf: false } }).accepts({})).toBe(true);
    expect(judge({ enum: [{ a: 1 }] }).accepts({ valueOf: 1 })).toBe(false);
    expect(judge({ const: { valueOf: 1, a: [2] } }).accepts({ a: [2], valueOf: 1 })).toBe(true);
    expect(judge({ items: { type: 'string' }, uniqueItems: true }).accepts(['__proto__', '__proto__'])).toBe(
      false,
    );
  });

  it('tells patterns apart that are written alike', () => {
    const schema = judge({
      properties: { a: { pattern: '^a' }, b: { pattern: '^b' } },
      patternProperties: { '^c': { type: 'null' }, '^d': { type: 'number' } },
    });
    expect(schema.accepts({ a: 'a', b: 'b', c: null, d: 1 })).toBe(true);
    for (const wrong of [{ a: 'b' }, { b: 'a' }, { c: 1 }, { d: null }])
      expect(schema.accepts(wrong)).toBe(false);
  });

  it('takes names that would break out of generated code', () => {
    const hostile = [
      `"];process.exit(1);//`,
      '`${1}`',
      '\u2028',
      '*/ throw 1 /*',
      "'",
      '\\',
      'a\nb',
      'hasOwnProperty',
    ];
    for (const name of hostile) {
      const schema = judge({
        properties: { [name]: { type: 'string' } },
        required: [name],
        dependentRequired: { [name]: [name] },
        dependentSchemas: { [name]: { minProperties: 1 } },
        additionalProperties: false,
        $defs: { [name]: { const: name } },
      });
      expect([name, schema.accepts({ [name]: 'x' })]).toEqual([name, true]);
      expect(schema.validate({ [name]: 1 })[0]?.keyword).toBe('type');
      expect(schema.accepts({})).toBe(false);
    }
  });
});

describe('what is wrong with a payload', () => {
  const schema = judge({
    type: 'object',
    required: ['customerId', 'amount'],
    properties: {
      amount: { type: 'number' },
      'a/b~c': { items: { type: 'string' } },
      open: { propertyNames: { maxLength: 3 } },
    },
    additionalProperties: false,
  });

  it('is said with a pointer to each place', () => {
    const problems = schema.validate({
      amount: '12',
      'a/b~c': ['x', 1],
      extra: 1,
      open: { long: 1 },
    });
    expect(problems.map(({ pointer, keyword }) => `${pointer} ${keyword}`).sort()).toEqual([
      ' required',
      '/amount type',
      '/a~1b~0c/1 type',
      '/extra additionalProperties',
      '/open/long maxLength',
      '/open/long propertyNames',
    ]);
    expect(problems.find(({ pointer }) => pointer === '/amount')?.detail).toBe('must be number');
  });

  it('is said of a hundred places at most, and in few words', () => {
    const many = judge({ items: { enum: ['a'] } });
    expect(many.validate(list(500, (i) => i))).toHaveLength(100);
    expect(many.validate(list(100_000, (i) => i)).length).toBeGreaterThan(0);
    const long = judge({ pattern: `^${'[a-z]'.repeat(300)}$` }).validate('A');
    expect(long[0]?.detail.length).toBeLessThan(310);
  });
});

describe('events that come together', () => {
  it('are told all that is wrong with them while that is not too much work, then the first thing', () => {
    const schema = judge({ required: list(400, (i) => `r${i}`) });
    const shared = new SharedWork();
    const told = list(1_000, () => ({})).map((each) => schema.validate(each, shared).length);
    expect(told[0]).toBe(100);
    expect(told.at(-1)).toBe(1);
    expect(told.filter((count) => count === 100).length).toBeLessThan(500);
  });

  it('that miss many members each cost no more than their size lets expect', () => {
    const schema = judge({ items: { required: list(3_000, (i) => `r${i}`) } });
    const shared = new SharedWork();
    const before = process.cpuUsage();
    for (let i = 0; i < 1_000; i++) {
      const told = schema.validate(
        list(50, () => ({})),
        shared,
      );
      expect(told.length).toBeGreaterThan(0);
    }
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000, 'ms').toBeLessThan(2_000);
  });

  it('use up what verdicts on them may take, which grows with their size', () => {
    const tree = judge({
      $defs: { node: { anyOf: list(2, () => ({ properties: { next: { $ref: '#/$defs/node' } } })) } },
      $ref: '#/$defs/node',
      not: {},
    });
    const shared = new SharedWork();
    const bytes = canonicalBytes(nested(60)).length;
    let judged = 0;
    for (; !shared.usedUp && judged < 1_000; judged++) {
      shared.grow(bytes);
      tree.validate(nested(60), shared);
    }
    expect(judged).toBeLessThan(100);
    shared.grow(8 * 1024 * 1024);
    expect(shared.usedUp).toBe(false);
  });
});

describe('what would take for ever is refused instead:', () => {
  it('alternatives that double with every level', () => {
    const tree = judge({
      $defs: {
        node: {
          anyOf: list(2, () => ({ properties: { next: { $ref: '#/$defs/node' } }, required: ['next'] })),
        },
      },
      $ref: '#/$defs/node',
    });
    expect(tree.validate(nested(60))).toEqual([
      { pointer: '', keyword: 'work', detail: 'must not take so much work to be judged by its schema' },
    ]);
    expect(tree.accepts(nested(5))).toBe(false);
  });

  it('many alternatives for many items', () => {
    const schema = judge({
      items: { oneOf: list(240, (i) => ({ type: 'object', minProperties: i + 2, maxProperties: i + 2 })) },
    });
    expect(schema.accepts(list(200_000, () => ({})))).toBe(false);
    expect(schema.accepts(list(20, (i) => map(i + 2, () => 1)))).toBe(true);
  });

  it('items compared with each other, in linear time', () => {
    const unique = judge({ uniqueItems: true });
    const items = list(120_000, (i) => i);
    expect(unique.accepts(items)).toBe(true);
    expect(unique.accepts([...items, 77])).toBe(false);
    expect(
      unique.accepts([
        { a: 1, b: [2] },
        { b: [2], a: 1 },
      ]),
    ).toBe(false);
  });

  it('a text of a form that is longer than any such', () => {
    expect(judge({ format: 'uri' }).accepts(`https://example.com/${'a'.repeat(60_000)}`)).toBe(true);
    expect(judge({ format: 'uri' }).accepts(`https://example.com/${'a'.repeat(70_000)}`)).toBe(false);
  });
});

describe('a schema is admitted or refused the same with half of the stack:', () => {
  const recursive = (members: Record<string, Json>): Schema => ({
    $ref: '#/$defs/node',
    $defs: {
      node: {
        ...members,
        properties: { ...(members.properties as object), next: { $ref: '#/$defs/node' } },
      },
    },
  });
  const leaf = (): Json => ({
    ...{ minimum: 1, maximum: 9, exclusiveMinimum: 0, minLength: 1, maxLength: 3, minItems: 1, maxItems: 3 },
    ...{
      uniqueItems: true,
      minProperties: 1,
      maxProperties: 3,
      required: ['a'],
      enum: [1, 2],
      format: 'date',
    },
  });
  const SHAPES: Record<string, Schema> = {
    'many properties': { properties: map(230, leaf) },
    'many alternatives': { oneOf: list(230, leaf) },
    'many of everything': { allOf: list(230, leaf) },
    'a tree': {
      properties: map(40, () => ({ properties: map(40, () => ({ type: 'string', minLength: 1 })) })),
    },
    'a chain of references': {
      $ref: '#/$defs/p0',
      $defs: map(1200, (i) => (i < 1199 ? { $ref: `#/$defs/p${i + 1}`, minLength: 0 } : { type: 'object' })),
    },
    'a deep tower': list(60, () => 0).reduce<Schema>(
      (inner) => ({ anyOf: [inner, { type: 'number' }] }),
      true,
    ),
    'towers of many': list(8, () => 0).reduce<Schema>(
      (inner) => ({ properties: { ...map(240, () => ({ type: 'string' })), next: inner } }),
      true,
    ),
    'a recursion over small properties': recursive({ properties: map(80, () => ({ type: 'string' })) }),
    'a recursion over items': recursive({
      properties: map(70, () => ({ items: { items: { type: 'string' } } })),
    }),
    'a recursion over conditions': recursive({
      allOf: list(45, () => ({ if: { type: 'string' }, then: { type: 'number' } })),
    }),
    'a recursion through many references': {
      $ref: '#/$defs/p0',
      $defs: map(20, (i) =>
        i < 19 ? { $ref: `#/$defs/p${i + 1}` } : { properties: { next: { $ref: '#/$defs/p0' } } },
      ),
    },
  };

  it.each(Object.keys(SHAPES))('%s', (shape) => {
    const say = (): unknown => {
      const admission = admitSchema(SHAPES[shape] ?? true, 1);
      return admission.ok ? admission.schema.accepts(nested(63)) : admission.problem.detail;
    };
    const outcome = say();
    expect(withHalfOfTheStack(say)).toEqual(outcome);
    expect(String(outcome)).not.toContain('does not compile');
  });
});

function withHalfOfTheStack<Result>(act: () => Result): Result {
  const dig = (levels: number): number => {
    try {
      return dig(levels + 1);
    } catch {
      return levels;
    }
  };
  const descend = (levels: number): Result => (levels === 0 ? act() : descend(levels - 1));
  return descend(Math.floor(dig(0) / 2));
}

describe('a schema is refused, with the place and the reason, that', () => {
  const deep = (levels: number): Json => (levels === 0 ? true : { not: deep(levels - 1) });
  it.each<[string, Json, string]>([
    ['is none', 'string', 'the schema must be object,boolean, says the meta-schema'],
    [
      'breaks the meta-schema',
      { properties: { a: { type: 'strin' } } },
      '/properties/a/type must be equal to one of the allowed values, says',
    ],
    ['has an unknown keyword', { items: { tpye: 'string' } }, '/items/tpye is no keyword'],
    ['has a keyword of other programs', { nullable: true }, '/nullable is no keyword'],
    ['asks for asynchronous validation', { $async: true }, '/$async is no keyword'],
    ['uses identifiers of old drafts', { id: 'x' }, '/id is no keyword'],
    ['asks for data in the place of keywords', { minimum: { $data: '1/a' } }, '/minimum must be number'],
    [
      'is written for another draft',
      { $schema: 'http://json-schema.org/draft-07/schema#' },
      '/$schema must be',
    ],
    [
      'is of several resources',
      { $defs: { a: { $id: 'https://example.com/a' } } },
      '/$defs/a/$id must stand at the root',
    ],
    [
      'refers to another place',
      { $ref: 'https://example.com/schema' },
      '/$ref must refer to a subschema of this',
    ],
    [
      'refers to a file',
      { items: { $ref: 'other.json#/a' } },
      '/items/$ref must refer to a subschema of this',
    ],
    ['refers to nothing', { $ref: '#/$defs/none' }, '/$ref must refer to a subschema of this'],
    [
      'refers to what is no schema',
      { $ref: '#/examples/0', examples: [{ pattern: '(a+)+' }] },
      '/$ref must refer',
    ],
    [
      'refers to a part of the meta-schema',
      { $ref: 'https://json-schema.org/draft/2020-12/meta/core' },
      '/$ref must',
    ],
    ['refers to itself and nothing else', { $ref: '#' }, 'without going deeper'],
    [
      'refers to itself in a circle',
      { $ref: '#/$defs/a', $defs: { a: { anyOf: [{ $ref: '#/$defs/b' }] }, b: { $ref: '#/$defs/a' } } },
      'without going deeper',
    ],
    ['has a format that nobody knows', { format: 'colour' }, '/format must be one of'],
    ['has a format that depends on Unicode', { format: 'idn-email' }, '/format must be one of'],
    [
      'has a catastrophic pattern',
      { properties: { a: { pattern: '^(a+)+$' } } },
      '/properties/a/pattern has a repeat',
    ],
    [
      'has a catastrophic pattern for names',
      { patternProperties: { '^(a+)+$': true } },
      '/patternProperties/^(a+)+$ has',
    ],
    ['has a pattern that is none', { pattern: '[' }, '/pattern is no regular expression'],
    [
      'ignores a part of itself',
      { then: { type: 'string' } },
      ' does not compile: strict mode: "then" without "if"',
    ],
    [
      'has two anchors of one name',
      { $anchor: 'a', items: { $anchor: 'a' } },
      '/$anchor must not be given twice',
    ],
    ['is wide', { properties: map(251, () => true) }, ' must have at most 250 subschemas in one place'],
    [
      'is large',
      { allOf: list(9, () => ({ anyOf: list(240, () => true) })) },
      ' must have at most 2000 subschemas',
    ],
    ['is long', { $comment: 'x'.repeat(65_536) }, ' must have at most 65536 bytes'],
    [
      'is too large to refer to itself',
      { properties: { ...map(200, () => ({ type: 'string' })), next: { $ref: '#' } } },
      'too deep a recursion',
    ],
  ])('%s', (_, schema, reason) => {
    expect(refusal(schema)).toContain(reason);
    expect(() => compileSchema(schema, 1)).toThrow(LedgerError);
  });

  it('names a judge that there is not', () => {
    expect(admitSchema(true, 2)).toMatchObject({ ok: false, problem: { keyword: 'judge' } });
    expect(admitSchema(true, 1.5)).toMatchObject({ ok: false });
  });

  it('is not: as deep as JSON may be', () => {
    expect(refusal(deep(64))).toBeNull();
  });
});
