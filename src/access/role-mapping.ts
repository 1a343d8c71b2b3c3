/** Which role a value of a token's claim gives: a small JSON document, read strictly. Pure. */
import { isObject } from '../ledger/json-object.js';
import { pointerOf } from '../ledger/json-pointer.js';
import { patternProblem } from '../ledger/source-pattern.js';
import { parseStrictJson } from '../ledger/strict-json.js';
import type { Json } from '../ledger/types.js';
import { ROLES, WITH_SOURCES, type Role } from './principal.js';
import type { Grant } from './token-claims.js';

/** Says what is wrong at a place in the document. */
type Complain = (place: readonly (string | number)[], detail: string) => void;

type Members = Readonly<Record<string, Json>>;

/**
 * `{"ledger:billing": {"roles": ["writer"], "sources": ["billing.*"]}, "ledger:audit": {"roles": ["auditor"]}}`: sources
 * are for writers and readers, who need some.
 * @param mistakes gets every mistake, each with the JSON Pointer to its place
 */
export function readRoleMapping(text: string, mistakes: string[]): ReadonlyMap<string, Grant> {
  const complain: Complain = (place, detail) => {
    mistakes.push([pointerOf(place), detail].filter((part) => part !== '').join(' '));
  };
  const parsed = parseStrictJson(Buffer.from(text));
  if (!parsed.ok) {
    mistakes.push(`${parsed.problem.pointer} ${parsed.problem.detail}`.trim());
    return new Map();
  }
  if (!isObject(parsed.value) || Object.keys(parsed.value).length === 0) {
    complain([], 'must be a JSON object with a member for each value that gives roles');
    return new Map();
  }
  const entries = Object.entries(parsed.value);
  return new Map(entries.map(([value, grant]) => [value, readGrant(value, grant, complain)]));
}

function readGrant(value: string, given: Json, complain: Complain): Grant {
  if (value === '') complain([value], 'must have a name: no token has an empty value');
  if (!isObject(given)) {
    complain([value], 'must be an object with the member roles, and for writers and readers sources');
    return { roles: [], sources: [] };
  }
  for (const member of Object.keys(given)) {
    if (member !== 'roles' && member !== 'sources')
      complain([value, member], 'is no member that is known here');
  }
  const roles = readRoles(value, given, complain);
  const sources = readSources(value, given, complain);
  const needsSources = roles.some((role) => WITH_SOURCES.includes(role));
  if (needsSources && given.sources === undefined) {
    complain([value], 'must have the member sources: what a writer may write to, or a reader read');
  }
  if (roles.length > 0 && !needsSources && given.sources !== undefined) {
    complain([value, 'sources'], 'must not be given: sources are for writers and readers');
  }
  sources.forEach((pattern, at) => {
    const problem = patternProblem(pattern, roles.includes('reader'));
    if (problem !== null) complain([value, 'sources', at], problem);
  });
  return { roles, sources };
}

function readRoles(value: string, given: Members, complain: Complain): readonly Role[] {
  const roles = readTexts([value, 'roles'], given.roles ?? null, complain);
  return roles.flatMap((text, at) => {
    const role = ROLES.find((known) => known === text);
    if (role === undefined) complain([value, 'roles', at], `must be one of ${ROLES.join(', ')}`);
    return role ?? [];
  });
}

function readSources(value: string, given: Members, complain: Complain): readonly string[] {
  return given.sources === undefined ? [] : readTexts([value, 'sources'], given.sources, complain);
}

/** A list of texts, not empty; what is wrong with it is said, and what is no text left out. */
function readTexts(place: readonly string[], given: Json, complain: Complain): readonly string[] {
  if (!Array.isArray(given) || given.length === 0 || given.some((text) => typeof text !== 'string')) {
    complain(place, 'must be a list of texts, at least one');
    return [];
  }
  return given as readonly string[];
}
