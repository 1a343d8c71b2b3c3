/**
 * Keywords that judge 1 defines by itself, because those of ajv take more than linear time, or err:
 * - `const`, `enum`, `uniqueItems` compare canonical JSON. ajv's comparison throws for members named `valueOf`, misses
 *   `"__proto__"` twice, and compares all items with all;
 * - `multipleOf` divides decimal numbers exactly: 0.29 is a multiple of 0.01;
 * - `unevaluatedProperties` must not take `constructor` for a member that was evaluated;
 * - `work` counts steps, see work.ts.
 */
import { _, Name, type Ajv2020, type KeywordCxt, type KeywordDefinition } from 'ajv/dist/2020.js';
import { canonicalJson } from '../ledger/canonical-json.js';
import type { Json } from '../ledger/types.js';
import { decimalMultipleOf } from './multiple-of.js';
import type { WorkPerValue } from './normal-form.js';
import { extentOf, type Work } from './work.js';

/** @param allErrors whether all that is wrong is gathered, which is more work */
export function defineKeywords(ajv: Ajv2020, work: Work, allErrors: boolean): void {
  const unevaluated = ajv.RULES.all.unevaluatedProperties;
  for (const keyword of ['const', 'enum', 'uniqueItems', 'multipleOf', 'unevaluatedProperties']) {
    ajv.removeKeyword(keyword);
  }
  for (const definition of [...comparisons(work), multipleOf(), counting(work, allErrors)]) {
    ajv.addKeyword(definition);
  }
  if (typeof unevaluated === 'object') ajv.addKeyword(guarded(unevaluated.definition));
}

function comparisons(work: Work): readonly KeywordDefinition[] {
  const textOf = (value: Json): string => {
    const text = canonicalJson(value);
    work.spend(text.length >> 2);
    return text;
  };
  const oneOf = (allowed: readonly Json[]): ((value: Json) => boolean) => {
    const texts = new Set(allowed.map(canonicalJson));
    return (value) => texts.has(textOf(value));
  };

  return [
    {
      keyword: 'const',
      errors: false,
      error: { message: 'must be equal to constant' },
      compile: (constant: Json) => oneOf([constant]),
    },
    {
      keyword: 'enum',
      schemaType: 'array',
      errors: false,
      error: { message: 'must be equal to one of the allowed values' },
      compile: oneOf,
    },
    {
      keyword: 'uniqueItems',
      type: 'array',
      schemaType: 'boolean',
      errors: false,
      error: { message: 'must NOT have duplicate items' },
      compile: (unique: boolean) => (items: readonly Json[]) =>
        !unique || new Set(items.map(textOf)).size === items.length,
    },
  ];
}

function multipleOf(): KeywordDefinition {
  return {
    keyword: 'multipleOf',
    type: 'number',
    schemaType: 'number',
    errors: false,
    error: { message: ({ schemaCode }) => _`"must be multiple of " + ${schemaCode}` },
    compile: decimalMultipleOf,
  };
}

/** Before everything else that is asked of a value: whoever judges it pays for that first. */
function counting(work: Work, allErrors: boolean): KeywordDefinition {
  const spend = (steps: number): void => work.spend(steps);
  const spendByExtent = (steps: number, value: unknown): void => work.spend(steps + extentOf(value));
  return {
    keyword: 'work',
    schemaType: 'object',
    before: '$ref',
    code: ({ gen, data, schema }: KeywordCxt) => {
      const { steps, stepsForReasons, loops } = schema as WorkPerValue;
      const ref = loops ? spendByExtent : spend;
      gen.code(_`${gen.scopeValue('func', { ref })}(${allErrors ? stepsForReasons : steps}, ${data})`);
    },
  };
}

/** What was evaluated is kept in an object: it must not have what all objects have. */
function guarded(definition: KeywordDefinition): KeywordDefinition {
  if (!('code' in definition)) throw new TypeError('ajv is not of the version that judge 1 is made of');
  return {
    ...definition,
    code: (context: KeywordCxt, ruleType?: string) => {
      const { gen, it } = context;
      if (it.props instanceof Name) {
        gen.code(_`${gen.scopeValue('func', { ref: withoutPrototype })}(${it.props})`);
      }
      definition.code(context, ruleType);
    },
  };
}

function withoutPrototype(evaluated: unknown): void {
  if (typeof evaluated === 'object' && evaluated !== null) Object.setPrototypeOf(evaluated, null);
}
