/** Registrations: how schemas come into the ledger, as events of the ledger's own source `_schemas`. */
import { canonicalBytes } from '../ledger/canonical-json.js';
import { nameProblem } from '../ledger/name.js';
import type { JsonProblem } from '../ledger/strict-json.js';
import type { Json } from '../ledger/types.js';
import { CURRENT_JUDGE } from './judge.js';

export const SCHEMAS_SOURCE = '_schemas';
export const REGISTRATION_TYPE = 'schema.registered';

/** The type whose schema judges types that have none of their own. */
export const DEFAULT_TYPE = '_default';

/** The payload of `schema.registered`. */
export interface Registration {
  readonly type: string;
  readonly schema: Json;
  readonly judge: number;
}

/** @returns null when a payload is not of the exact form; whether its schema may judge is not looked at */
export function readRegistration(payload: Json): Registration | null {
  return formProblem(payload) === null ? (payload as unknown as Registration) : null;
}

/** What keeps a payload from being a registration; pointers are from the payload's root. */
export function formProblem(payload: Json): JsonProblem | null {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    return problem('', 'type', 'must be object');
  }
  const { type, schema, judge, ...others } = payload as Readonly<Record<string, Json>>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    return problem('', 'additionalProperties', 'must have type, schema and judge only');
  if (schema === undefined) return problem('', 'required', "must have required property 'schema'");
  if (typeof type !== 'string') return problem('/type', 'type', 'must be string');
  const reason = nameProblem(type);
  if (reason !== null) return problem('/type', 'name', reason);
  if (typeof judge !== 'number') return problem('/judge', 'type', 'must be number');
  return null;
}

/** The payload that registers a schema, as it is recorded. */
export function registrationData(type: string, schema: Json): Buffer {
  return canonicalBytes({ type, schema, judge: CURRENT_JUDGE });
}

function problem(pointer: string, keyword: string, detail: string): JsonProblem {
  return { pointer, keyword, detail };
}
