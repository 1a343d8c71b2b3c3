/** What bodies ask of credentials, read strictly. */
import type { CredentialKind, WantedCredential } from '../access/credential.js';
import { unfitness } from '../access/credential.js';
import type { Role } from '../access/principal.js';
import { isObject } from '../ledger/json-object.js';
import { pointerOf } from '../ledger/json-pointer.js';
import { MAX_DEPTH } from '../ledger/strict-json.js';
import type { Json } from '../ledger/types.js';
import { parseDocument } from './documents.js';
import { MOST_MISTAKES } from './envelope.js';
import { MAX_CREDENTIAL_SECONDS } from './limits.js';
import { ProblemError, type Place } from './problem.js';

type Mistake = Omit<Place, 'pointer' | 'parameter' | 'header'>;
/** What is wrong with a member's value, by the tokens of the place in it; nothing when nothing is. */
type Check = (value: Json) => readonly (Mistake & { readonly at?: number })[];

const isText: Check = (value) =>
  typeof value === 'string' ? [] : [{ keyword: 'type', detail: 'must be string' }];

const areTexts: Check = (value) =>
  Array.isArray(value)
    ? (value as readonly Json[]).flatMap((one, at) => isText(one).map((mistake) => ({ ...mistake, at })))
    : [{ keyword: 'type', detail: 'must be array' }];

const isKind: Check = (value) =>
  value === 'key' || value === 'password' ? [] : [{ keyword: 'enum', detail: 'must be key or password' }];

const isSeconds =
  (least: number): Check =>
  (value) =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= MAX_CREDENTIAL_SECONDS
      ? []
      : [{ keyword: 'range', detail: `must be a whole number from ${least} to ${MAX_CREDENTIAL_SECONDS}` }];

interface Form {
  readonly required: readonly string[];
  readonly checks: Readonly<Record<string, Check>>;
}

const WANTED: Form = {
  required: ['name', 'roles'],
  checks: {
    name: isText,
    roles: areTexts,
    sources: areTexts,
    kind: isKind,
    lifetimeSeconds: (value) => (value === null ? [] : isSeconds(1)(value)),
  },
};

const ROTATION: Form = { required: [], checks: { overlapSeconds: isSeconds(0) } };

/** @throws ProblemError naming each place that is wrong */
export function readWanted(body: Buffer): WantedCredential {
  const { name, roles, sources = [], kind = 'key', lifetimeSeconds = null } = readMembers(body, WANTED);
  const wanted: WantedCredential = {
    name: name as string,
    // what is no role is found right below
    roles: roles as readonly Role[],
    sources: sources as readonly string[],
    kind: kind as CredentialKind,
    lifetimeMs: lifetimeSeconds === null ? null : Number(lifetimeSeconds) * 1_000,
  };
  refuse(
    unfitness(wanted).map(({ place, detail }) => ({
      pointer: pointerOf(place.filter((token) => token !== undefined)),
      keyword: 'credential',
      detail,
    })),
  );
  return wanted;
}

/** @returns how long the old secret goes on, in milliseconds */
export function readOverlap(body: Buffer): number {
  const { overlapSeconds = 0 } = readMembers(body, ROTATION);
  return Number(overlapSeconds) * 1_000;
}

/** Nothing is coerced or dropped: a member that is not known may be a name that was misspelt, and the wish be lost. */
function readMembers(body: Buffer, { required, checks }: Form): Readonly<Record<string, Json>> {
  const value = parseDocument(body, MAX_DEPTH);
  if (!isObject(value)) throw invalid([{ pointer: '', keyword: 'type', detail: 'must be object' }]);
  const missing = required
    .filter((name) => !Object.hasOwn(value, name))
    .map((name) => ({ pointer: pointerOf([name]), keyword: 'required', detail: 'is missing' }));
  const wrong = Object.entries(value).flatMap(([name, member]) =>
    mistakesOf(checks, name, member).map(({ at, ...mistake }) => ({
      pointer: pointerOf(at === undefined ? [name] : [name, at]),
      ...mistake,
    })),
  );
  refuse([...missing, ...wrong]);
  return value;
}

function mistakesOf(checks: Form['checks'], name: string, member: Json): ReturnType<Check> {
  const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
  return check?.(member) ?? [{ keyword: 'additionalProperties', detail: 'is no member that is known here' }];
}

function refuse(mistakes: readonly (Place & { readonly pointer: string })[]): void {
  if (mistakes.length > 0) throw invalid(mistakes.slice(0, MOST_MISTAKES));
}

function invalid(errors: readonly (Place & { readonly pointer: string })[]): ProblemError {
  const [first] = errors;
  const detail = `${first === undefined || first.pointer === '' ? 'the body' : first.pointer} ${first?.detail ?? ''}`;
  return new ProblemError({ code: 'invalid-credential', detail, errors });
}
