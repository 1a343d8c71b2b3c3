/** Which tokens are taken, and what their claims give: from the environment, read and checked once. Pure. */
import { LedgerError } from '../ledger/error.js';
import { tokensOf } from '../ledger/json-pointer.js';
import { issuerProblem, urlProblem } from './issuer-url.js';
import type { KeySource } from './issuer-documents.js';
import { readRoleMapping } from './role-mapping.js';
import type { ClaimPlace, ClaimSettings, Grant } from './token-claims.js';

export interface TokenSettings extends KeySource, ClaimSettings {
  /** what tokens for this ledger are issued for: their `aud`, or one of several */
  readonly audience: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

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
 * @returns null when none is set: no tokens are taken
 * @throws LedgerError `invalid-configuration` naming every variable that is wrong
 */
export function readTokenSettings(environment: Environment): TokenSettings | null {
  if (VARIABLES.every((name) => valueOf(environment, name) === null)) return null;
  const read = new Reader(environment);
  const settings: TokenSettings = {
    issuer: read.url('OIDC_ISSUER', issuerProblem) ?? read.missing('OIDC_ISSUER'),
    audience: read.text('OIDC_AUDIENCE') ?? read.missing('OIDC_AUDIENCE'),
    jwksUrl: read.url('OIDC_JWKS_URL', urlProblem),
    nameClaim: read.claim('OIDC_NAME_CLAIM') ?? ['sub'],
    rolesClaim: read.claim('OIDC_ROLES_CLAIM') ?? ['scope'],
    roles: read.roles('OIDC_ROLES'),
  };
  read.finish();
  return settings;
}

class Reader {
  readonly #environment: Environment;
  readonly #mistakes: string[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  finish(): void {
    if (this.#mistakes.length === 0) return;
    throw new LedgerError('invalid-configuration', this.#mistakes.join('\n'));
  }

  text(name: Variable): string | null {
    return valueOf(this.#environment, name);
  }

  /** Stands in the place of a value that must be there. */
  missing(name: Variable): string {
    if (this.text(name) === null) this.#mistake(name, 'must be set where tokens are taken');
    return '';
  }

  url(name: Variable, problemOf: (text: string) => string | null): string | null {
    const value = this.text(name);
    const problem = value === null ? null : problemOf(value);
    return problem === null ? value : this.#mistake(name, problem);
  }

  claim(name: Variable): ClaimPlace | null {
    const value = this.text(name);
    if (!value?.startsWith('/')) return value === null ? null : [value];
    return tokensOf(value) ?? this.#mistake(name, "must be a JSON Pointer where it begins with '/'");
  }

  roles(name: Variable): ReadonlyMap<string, Grant> {
    const value = this.text(name) ?? this.missing(name);
    if (value === '') return new Map();
    const mistakes: string[] = [];
    const roles = readRoleMapping(value, mistakes);
    for (const detail of mistakes) this.#mistake(name, detail);
    return roles;
  }

  #mistake(name: Variable, detail: string): null {
    this.#mistakes.push(`${name}: ${detail}`);
    return null;
  }
}

function valueOf(environment: Environment, name: Variable): string | null {
  const value = environment[name];
  return value === undefined || value === '' ? null : value;
}
