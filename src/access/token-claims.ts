/** Whom a token's claims make its bearer. The claims are those of a verified token. Pure. */
import { valueAt } from '../ledger/json-pointer.js';
import { textProblem } from '../ledger/name.js';
import type { SourcePattern } from '../ledger/source-pattern.js';
import type { Json } from '../ledger/types.js';
import { ROLES, WITH_SOURCES, type Principal, type Role } from './principal.js';

/**
 * What the names of all whom tokens name begin with. No name of a credential has a colon (credential.ts), so nobody at the
 * issuer can be called like somebody here.
 */
export const TOKEN_NAME_PREFIX = 'oidc:';

/** Where in the claims something stands: names of members, outermost first. */
export type ClaimPlace = readonly string[];

/** What a value of the roles claim gives. */
export interface Grant {
  readonly roles: readonly Role[];
  /** what a writer writes to, and a reader reads; none for other roles */
  readonly sources: readonly SourcePattern[];
}

export interface ClaimSettings {
  readonly nameClaim: ClaimPlace;
  readonly rolesClaim: ClaimPlace;
  readonly roles: ReadonlyMap<string, Grant>;
}

/**
 * Claims of which nothing maps make a principal without roles, who may do nothing.
 * @returns `name` when the claims name nobody by 1–512 bytes; `sources` when they give a writer and a reader who are about
 * different sources: a principal has one list of them, and each role would get those of the other
 */
export function principalFrom(claims: Json, settings: ClaimSettings): Principal | 'name' | 'sources' {
  const name = nameFrom(valueAt(claims, settings.nameClaim));
  if (name === null) return 'name';
  const grants = valuesOf(valueAt(claims, settings.rolesClaim), settings.rolesClaim)
    .map((value) => settings.roles.get(value))
    .filter((grant) => grant !== undefined);
  const roles = withoutIncluded(new Set(grants.flatMap((grant) => grant.roles)));
  const lists = WITH_SOURCES.filter((role) => roles.includes(role)).map((role) => sourcesOf(role, grants));
  const [sources = [], others = sources] = lists;
  return isSameSet(sources, others) ? { name, roles, sources } : 'sources';
}

function nameFrom(claim: Json | undefined): string | null {
  if (typeof claim !== 'string' || claim === '' || claim.trim() !== claim) return null;
  const name = `${TOKEN_NAME_PREFIX}${claim}`;
  return textProblem(name) === null ? name : null;
}

/** Who may read, or write, all sources is no reader, or writer, of some. */
function withoutIncluded(given: ReadonlySet<Role>): readonly Role[] {
  const isAdmin = given.has('admin');
  const readsAll = isAdmin || given.has('auditor');
  return ROLES.filter(
    (role) => given.has(role) && !(role === 'reader' && readsAll) && !(role === 'writer' && isAdmin),
  );
}

function sourcesOf(role: Role, grants: readonly Grant[]): readonly SourcePattern[] {
  return [...new Set(grants.filter(({ roles }) => roles.includes(role)).flatMap(({ sources }) => sources))];
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text) => other.includes(text));
}

/**
 * A list has its texts; a text is one value, except in the claims that are lists with spaces by their definition (RFC
 * 8693, 4.2): split, the group `not admin` would be an admin.
 */
function valuesOf(claim: Json | undefined, place: ClaimPlace): readonly string[] {
  if (Array.isArray(claim)) return claim.filter((value) => typeof value === 'string');
  if (typeof claim !== 'string') return [];
  const last = place.at(-1);
  return last === 'scope' || last === 'scp' ? claim.split(' ') : [claim];
}
