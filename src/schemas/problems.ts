/** What ajv says is wrong with a value, in our words' form. */
import type { ErrorObject } from 'ajv/dist/2020.js';
import { cut } from '../ledger/cut.js';
import { pointerOf } from '../ledger/json-pointer.js';
import type { JsonProblem } from '../ledger/strict-json.js';

const MOST = 100;
const LONGEST_DETAIL = 300;

/** @param errors none: the validator gave up */
export function problemsFrom(errors: readonly ErrorObject[]): readonly JsonProblem[] {
  if (errors.length === 0) {
    return [
      { pointer: '', keyword: 'work', detail: 'must not take so much work to be judged by its schema' },
    ];
  }
  return errors.slice(0, MOST).map((error) => ({
    pointer: pointerOf([...tokensOf(error.instancePath), ...culprit(error)]),
    keyword: error.keyword,
    detail: cut(error.message ?? 'must match the schema', LONGEST_DETAIL),
  }));
}

/** The member that a problem is about, where ajv points at the object that has it. */
function culprit({ params, propertyName }: ErrorObject): readonly string[] {
  const named = params as Readonly<Record<string, unknown>>;
  const names = [named.additionalProperty, named.unevaluatedProperty, named.propertyName ?? propertyName];
  return names.filter((name) => typeof name === 'string');
}

/** The reference tokens of a JSON Pointer. */
export function tokensOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}
