import { describe, expect, it } from 'vitest';
import type { JsonProblem } from '../../src/ledger/strict-json.js';
import type { Index, Json, Judgement, Revision } from '../../src/ledger/types.js';
import { schemaHash, SchemaRegistry } from '../../src/schemas/registry.js';
import { registrationData } from '../../src/schemas/registration.js';
import { doorProblems as problemsAtDoor, judgeEvent, schemaProblems } from '../../src/schemas/verdict.js';
import { recorded } from './events.js';

const NUMBERS: Json = { type: 'object', properties: { n: { type: 'number' } } };

/** What stands in the ledger when these types were registered, in this order. */
function registry(...registered: readonly (readonly [type: string, schema: Json])[]): SchemaRegistry {
  const result = new SchemaRegistry();
  registered.forEach(([type, schema], i) => {
    const header = {
      source: '_schemas',
      type: 'schema.registered',
      verdict: 'accepted',
      index: i as Index,
      revision: i as Revision,
    } as const;
    result.apply({ header, data: registrationData(type, schema) });
  });
  return result;
}

function verdictOn(
  event: Parameters<typeof recorded>[0],
  schemas = new SchemaRegistry(),
  duplicate = false,
): Judgement {
  return judgeEvent(recorded(event), { duplicate, registry: schemas });
}

const REJECTED = { verdict: 'rejected', schema: null };
const ACCEPTED = { verdict: 'accepted', schema: null };

describe('an event is', () => {
  it('a duplicate before anything else is asked', () => {
    expect(verdictOn({ type: '', data: 'not JSON' }, registry(['', false]), true)).toEqual({
      verdict: 'duplicate',
      schema: null,
    });
  });

  it.each(['', ' a', 'a ', '.', '..', '~a', '$a', 'a\0', 'a\n', 'x'.repeat(513), '\ud800', '\uffff'])(
    'rejected when its source or type is %j, which the door would not take',
    (name) => {
      expect(verdictOn({ source: name })).toEqual(REJECTED);
      expect(verdictOn({ type: name })).toEqual(REJECTED);
    },
  );

  it.each([
    ['no JSON', 'nonsense'],
    ['nothing', ''],
    ['bad UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['a byte order mark', '\ufeff{}'],
    ['a member given twice', '{"a":1,"a":2}'],
    ['a number that no double holds', '9007199254740993'],
    ['a number out of range', '1e200000'],
    ['U+0000', '"\\u0000"'],
    ['a lone surrogate', '"\\ud800"'],
    ['__proto__', '{"__proto__":1}'],
    ['65 levels', '['.repeat(65) + ']'.repeat(65)],
    ['100,000 levels', '['.repeat(100_000)],
  ])('rejected when its data is %s, whatever its schema says', (_, data) => {
    expect(verdictOn({ data }, registry(['_default', true]))).toEqual(REJECTED);
  });

  it('accepted without a schema while nothing is registered', () => {
    expect(verdictOn({ payload: { n: 'anything' } })).toEqual(ACCEPTED);
  });

  it('judged by the schema of its type, though it is not written canonically', () => {
    const schemas = registry(['t', NUMBERS], ['_default', false]);
    const schema = schemaHash(NUMBERS);
    expect(verdictOn({ type: 't', data: ' {"n" : 1.0} ' }, schemas)).toEqual({ verdict: 'accepted', schema });
    expect(verdictOn({ type: 't', payload: { n: 'x' } }, schemas)).toEqual({ verdict: 'rejected', schema });
  });

  it('judged by the schema of _default when its type has none', () => {
    const schemas = registry(['t', true], ['_default', NUMBERS]);
    const schema = schemaHash(NUMBERS);
    expect(verdictOn({ type: 'u', payload: { n: 1 } }, schemas)).toEqual({ verdict: 'accepted', schema });
    expect(verdictOn({ type: 'u', payload: 1 }, schemas)).toEqual({ verdict: 'rejected', schema });
    expect(verdictOn({ type: '_default', payload: {} }, schemas).schema).toBe(schema);
  });

  it('judged by the latest schema of its type', () => {
    const schemas = registry(['t', false], ['t', true]);
    expect(verdictOn({ type: 't' }, schemas)).toEqual({ verdict: 'accepted', schema: schemaHash(true) });
  });

  it('rejected when its validator gives up', () => {
    const tree: Json = {
      $defs: {
        n: { anyOf: [1, 2].map(() => ({ properties: { a: { $ref: '#/$defs/n' } }, required: ['a'] })) },
      },
      $ref: '#/$defs/n',
    };
    const data = '{"a":'.repeat(60) + '1' + '}'.repeat(60);
    expect(verdictOn({ type: 't', data }, registry(['t', tree])).verdict).toBe('rejected');
  });
});

describe("an event of the ledger's own source", () => {
  it.each(['_access', '_ledger'])(
    '%s is accepted when its data is an object, whatever its type',
    (source) => {
      const schemas = registry(['t', false], ['_default', false]);
      expect(verdictOn({ source, type: 't', payload: { a: 1 } }, schemas)).toEqual(ACCEPTED);
      for (const payload of [null, [], 'a', 1]) expect(verdictOn({ source, payload })).toEqual(REJECTED);
    },
  );

  it.each(['_', '_other', '_Schemas', '_schemas2'])(
    'is rejected when nobody has given %s a meaning',
    (source) => {
      expect(verdictOn({ source, type: 'schema.registered', payload: {} })).toEqual(REJECTED);
    },
  );

  const register = (payload: Json): Judgement =>
    verdictOn({ source: '_schemas', type: 'schema.registered', payload });

  it('_schemas is accepted when it registers a schema that may judge', () => {
    expect(register({ type: 'a/b c', schema: NUMBERS, judge: 1 })).toEqual(ACCEPTED);
    expect(register({ type: '_default', schema: true, judge: 1 })).toEqual(ACCEPTED);
  });

  it.each<[string, Json]>([
    ['a schema that does not compile', { type: 't', schema: { type: 'strin' }, judge: 1 }],
    ['a schema that is none', { type: 't', schema: 1, judge: 1 }],
    ['a catastrophic pattern', { type: 't', schema: { pattern: '^(a+)+$' }, judge: 1 }],
    ['a judge that there is not', { type: 't', schema: true, judge: 2 }],
    ['a judge that is no number', { type: 't', schema: true, judge: '1' }],
    ['no judge', { type: 't', schema: true }],
    ['no schema', { type: 't', judge: 1 }],
    ['no type', { schema: true, judge: 1 }],
    ['another member', { type: 't', schema: true, judge: 1, note: '' }],
    ['a type that the door refuses', { type: '~t', schema: true, judge: 1 }],
    ['a type that is no text', { type: 1, schema: true, judge: 1 }],
    ['nonsense', 'nonsense'],
    ['nothing', null],
    ['a list', ['t', true, 1]],
  ])('_schemas is rejected when it holds %s', (_, payload) => {
    expect(register(payload)).toEqual(REJECTED);
  });

  it('_schemas is rejected when it is of another type', () => {
    const payload = { type: 't', schema: true, judge: 1 };
    expect(verdictOn({ source: '_schemas', type: 'schema.removed', payload })).toEqual(REJECTED);
  });
});

describe('the door', () => {
  const schemas = registry(['t', NUMBERS]);
  const doorProblems = (
    source: string,
    type: string,
    payload: Json,
    known: SchemaRegistry,
  ): readonly JsonProblem[] => problemsAtDoor(source, type, () => payload, known);

  it('does not ask for a payload that no schema looks at', () => {
    const nobody = (): Json => {
      throw new Error('asked for');
    };
    expect(problemsAtDoor('billing', 'u', nobody, schemas)).toEqual([]);
    expect(problemsAtDoor('billing', 't', nobody, registry(['t', true]))).toEqual([]);
  });

  it('says what the projector would, with pointers from the payload', () => {
    expect(doorProblems('billing', 't', { n: 'x' }, schemas)).toEqual([
      { pointer: '/n', keyword: 'type', detail: 'must be number' },
    ]);
    expect(doorProblems('billing', 't', { n: 1 }, schemas)).toEqual([]);
    expect(doorProblems('billing', 'u', 'anything', schemas)).toEqual([]);
  });

  it('applies the rules of the own sources', () => {
    const door = (payload: Json): string | undefined =>
      doorProblems('_schemas', 'schema.registered', payload, schemas)[0]?.pointer;
    expect(door({ type: 't', schema: { items: { type: 'strin' } }, judge: 1 })).toBe('/schema/items/type');
    expect(door({ type: 't', schema: { items: { format: 'x' } }, judge: 1 })).toBe('/schema/items/format');
    expect(door({ type: 't', schema: true, judge: 3 })).toBe('/judge');
    expect(door({ type: '', schema: true, judge: 1 })).toBe('/type');
    expect(door({ type: 't', schema: true, judge: 1 })).toBeUndefined();
    expect(doorProblems('_schemas', 'other', {}, schemas)).toHaveLength(1);
    expect(doorProblems('_access', 'login.failed', {}, schemas)).toEqual([]);
    expect(doorProblems('_access', 'login.failed', [], schemas)).toHaveLength(1);
  });

  it('says why a schema cannot be registered', () => {
    expect(schemaProblems(NUMBERS, 1)).toEqual([]);
    expect(schemaProblems({ properties: { a: { pattern: '(' } } }, 1)[0]?.pointer).toBe(
      '/properties/a/pattern',
    );
  });
});
