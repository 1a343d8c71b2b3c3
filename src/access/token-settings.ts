/** Which tokens are taken, and what their claims give: from the environment, read and checked once. Pure. */
import { tokensOf } from '../ledger/json-pointer.js';
import { issuerProblem, urlProblem } from './issuer-url.js';
import type { KeySource } from './issuer-documents.js';
import { readRoleMapping } from './role-mapping.js';
import type { ClaimPlace, ClaimSettings, Grant } from './token-claims.js';
import type { Variables } from '../variables.js';

export interface TokenSettings extends KeySource, ClaimSettings {
  /** what tokens for this ledger are issued for: their `aud`, or one of several */
  readonly audience: string;
}

const VARIABLES = [
  'OIDC_ISSUER',
  'OIDC_AUDIENCE',
  'OIDC_ROLES',
  'OIDC_JWKS_URL',
  'OIDC_NAME_CLAIM',
  'OIDC_ROLES_CLAIM',
] as const;
type Variable = (typeof VARIABLES)[number];

/**
 * - `OIDC_ISSUER`: its URL, exactly as tokens name it in `iss`
 * - `OIDC_AUDIENCE`: what they must be for
 * - `OIDC_ROLES`: which value of the roles claim gives what (see readRoleMapping)
 * - `OIDC_JWKS_URL`: where its keys are; else the issuer says it
 * - `OIDC_NAME_CLAIM`: the claim that names the principal; `sub`. Nobody may choose their own at the issuer
 * - `OIDC_ROLES_CLAIM`: the claim that OIDC_ROLES maps; `scope`
 *
 * A claim is given by its name, or by a JSON Pointer: `/realm_access/roles`. An empty variable counts as unset.
 * @param read is told what is wrong with a variable; then it has no settings that anybody may use
 * @returns null when none is set: no tokens are taken
 */
export function readTokenSettings(read: Variables): TokenSettings | null {
  if (VARIABLES.every((name) => read.text(name) === null)) return null;
  return {
    issuer: url(read, 'OIDC_ISSUER', issuerProblem) ?? missing(read, 'OIDC_ISSUER'),
    audience: read.text('OIDC_AUDIENCE') ?? missing(read, 'OIDC_AUDIENCE'),
    jwksUrl: url(read, 'OIDC_JWKS_URL', urlProblem),
    nameClaim: claim(read, 'OIDC_NAME_CLAIM') ?? ['sub'],
    rolesClaim: claim(read, 'OIDC_ROLES_CLAIM') ?? ['scope'],
    roles: roles(read, 'OIDC_ROLES'),
  };
}

/** Stands in the place of a value that must be there. */
function missing(read: Variables, name: Variable): string {
  if (read.text(name) === null) read.mistake(name, 'must be set where tokens are taken');
  return '';
}

function url(read: Variables, name: Variable, problemOf: (text: string) => string | null): string | null {
  const value = read.text(name);
  const problem = value === null ? null : problemOf(value);
  return problem === null ? value : read.mistake(name, problem);
}

function claim(read: Variables, name: Variable): ClaimPlace | null {
  const value = read.text(name);
  if (!value?.startsWith('/')) return value === null ? null : [value];
  return tokensOf(value) ?? read.mistake(name, "must be a JSON Pointer where it begins with '/'");
}

function roles(read: Variables, name: Variable): ReadonlyMap<string, Grant> {
  const value = read.text(name) ?? missing(read, name);
  if (value === '') return new Map();
  const mistakes: string[] = [];
  const mapping = readRoleMapping(value, mistakes);
  for (const detail of mistakes) read.mistake(name, detail);
  return mapping;
}
