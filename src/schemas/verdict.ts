/** Verdicts (docs/schemas.md): a function of the event and of what the log holds before it, and of nothing else. */
import { isObject } from '../ledger/json-object.js';
import { isCanonicalAtAGlance } from '../ledger/canonical-glance.js';
import { isReserved, nameProblem } from '../ledger/name.js';
import { parseStrictJson, type JsonProblem } from '../ledger/strict-json.js';
import type { Hash, Json, Judgement, RecordedEvent, Verdict } from '../ledger/types.js';
import { admitSchema } from './judge.js';
import { formProblem, readRegistration, REGISTRATION_TYPE, SCHEMAS_SOURCE } from './registration.js';
import type { SchemaRegistry } from './registry.js';
import type { SharedWork } from './work.js';

export interface Circumstances {
  /** an earlier entry of the same source has the event's id */
  readonly duplicate: boolean;
  /** the accepted registrations before the event */
  readonly registry: SchemaRegistry;
}

/** Sources of the ledger's own whose events may be of any type, as long as they are objects. */
const OWN_SOURCES: ReadonlySet<string> = new Set(['_access', '_ledger']);

/** The projector's judgement. Takes whatever a log can hold. */
export function judgeEvent(event: RecordedEvent, { duplicate, registry }: Circumstances): Judgement {
  if (duplicate) return judgement('duplicate');
  const { source, type, data } = event;
  if (nameProblem(source) !== null || nameProblem(type) !== null) return judgement('rejected');
  const payload = payloadIn(data);
  if (payload === null) return judgement('rejected');
  if (isReserved(source)) return judgement(ownVerdict(source, type, payload(), registry));
  const schema = registry.inForce(type);
  if (schema === null) return judgement('accepted');
  const accepted = schema.takesAll || schema.accepts(payload());
  return judgement(accepted ? 'accepted' : 'rejected', schema.hash);
}

/** @returns null for what is no I-JSON; what gives the value, because most of the time goes into building it */
function payloadIn(data: Buffer): (() => Json) | null {
  if (isCanonicalAtAGlance(data)) return () => JSON.parse(data.toString()) as Json;
  const parsed = parseStrictJson(data);
  return parsed.ok ? () => parsed.value : null;
}

/**
 * Why the door refuses a payload for the sake of a schema, or of the rules for the ledger's own sources; empty when
 * it does not. The envelope, names and I-JSON are the caller's to check. Pointers are from the payload's root.
 * @param payload asked for where something looks at it
 * @param shared what judging may cost together with other events
 */
export function doorProblems(
  source: string,
  type: string,
  payload: () => Json,
  registry: SchemaRegistry,
  shared?: SharedWork,
): readonly JsonProblem[] {
  if (!isReserved(source)) {
    const schema = registry.inForce(type);
    return schema === null || schema.takesAll ? [] : schema.validate(payload(), shared);
  }
  if (source === SCHEMAS_SOURCE && type === REGISTRATION_TYPE) return registrationProblems(payload());
  if (ownVerdict(source, type, payload(), registry) === 'accepted') return [];
  return [{ pointer: '', keyword: 'reserved', detail: `must be what the ledger itself writes to ${source}` }];
}

/** Why a schema cannot be registered; empty when it can. Pointers are from the schema's root. */
export function schemaProblems(schema: Json, judge: number): readonly JsonProblem[] {
  const admission = admitSchema(schema, judge);
  return admission.ok ? [] : [admission.problem];
}

function judgement(verdict: Verdict, schema: Hash | null = null): Judgement {
  return { verdict, schema };
}

function ownVerdict(source: string, type: string, payload: Json, registry: SchemaRegistry): Verdict {
  if (OWN_SOURCES.has(source)) return isObject(payload) ? 'accepted' : 'rejected';
  if (source !== SCHEMAS_SOURCE || type !== REGISTRATION_TYPE) return 'rejected';
  const registration = readRegistration(payload);
  return registration !== null && registry.admits(registration) ? 'accepted' : 'rejected';
}

function registrationProblems(payload: Json): readonly JsonProblem[] {
  const problem = formProblem(payload);
  if (problem !== null) return [problem];
  const registration = readRegistration(payload);
  if (registration === null) return [];
  const admission = admitSchema(registration.schema, registration.judge);
  if (admission.ok) return [];
  const { pointer, keyword, detail } = admission.problem;
  const member = keyword === 'judge' ? '/judge' : '/schema';
  return [{ pointer: member + pointer, keyword, detail }];
}
