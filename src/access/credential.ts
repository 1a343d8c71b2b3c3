/** Credentials: what is told of them, what a request is compared with, and which there may be. Pure. */
import { isProgramName } from './access-event.js';
import { LedgerError } from '../ledger/error.js';
import { nameProblem, textProblem } from '../ledger/name.js';
import type { SourcePattern } from '../ledger/source-pattern.js';
import { ROLES, WITH_SOURCES, type Principal, type Role } from './principal.js';

/** A key goes as Bearer (RFC 6750), a password with the principal's name as Basic (RFC 7617). */
export type CredentialKind = 'key' | 'password';

/** All that may be told of a credential: nothing that proves anything. */
export interface CredentialFacts {
  /** 12 hex digits; no secret */
  readonly id: string;
  /** the principal's */
  readonly name: string;
  readonly roles: readonly Role[];
  readonly sources: readonly SourcePattern[];
  readonly kind: CredentialKind;
  readonly createdAt: Date;
  /** null: never */
  readonly expiresAt: Date | null;
  /** to the minute; null: never */
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

/** What a request is compared with: of a credential that was not revoked. */
export interface KnownCredential {
  readonly id: string;
  readonly principal: Principal;
  /** 32 bytes; see secret.ts */
  readonly hash: Buffer;
  /** of a password; empty for a key */
  readonly salt: Buffer;
  /** milliseconds since 1970; Infinity: never */
  readonly expiresAtMs: number;
}

/** What somebody wants a credential to be. */
export interface WantedCredential {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly sources: readonly SourcePattern[];
  readonly kind: CredentialKind;
  /** null: it never expires */
  readonly lifetimeMs: number | null;
}

/** The user whose password is in the configuration. What is recorded by that name was recorded with that password. */
export const CONFIGURED_ADMIN = 'admin';

/** So that the event which tells of it is no larger than an event may be. */
const MOST_SOURCES = 200;

/** @throws LedgerError `invalid-input` for what no credential can be */
export function requireFit({ name, roles, sources }: WantedCredential): void {
  const problem = problemOfName(name) ?? problemOfRoles(roles) ?? problemOfSources(roles, sources);
  if (problem !== null) throw new LedgerError('invalid-input', problem);
}

function problemOfName(name: string): string | null {
  if (name === CONFIGURED_ADMIN) return `the name '${name}' is that of LEDGER_ADMIN_PASSWORD's user`;
  if (isProgramName(name)) return `the name '${name}' is the program's own`;
  // RFC 7617, 2: the first colon ends the user's name
  if (name.includes(':')) return 'the name must not have a colon';
  if (name.trim() !== name) return 'the name must not begin or end with white space';
  const problem = textProblem(name);
  return problem === null ? null : `the name ${problem}`;
}

function problemOfRoles(roles: readonly string[]): string | null {
  const known: readonly string[] = ROLES;
  const unknown = roles.find((role) => !known.includes(role));
  if (unknown !== undefined) return `there is no role '${unknown}', only ${ROLES.join(', ')}`;
  return roles.length === 0 ? `it needs a role: ${ROLES.join(', ')}` : null;
}

function problemOfSources(roles: readonly Role[], sources: readonly SourcePattern[]): string | null {
  const hasSources = roles.some((role) => WITH_SOURCES.includes(role));
  if (hasSources && sources.length === 0)
    return "a writer or reader needs the sources that it is for, such as 'billing.*'";
  if (!hasSources && sources.length > 0)
    return 'sources are what a writer writes to and a reader reads: give it one of these roles, or no sources';
  if (sources.length > MOST_SOURCES) return `it may have ${MOST_SOURCES} sources at most`;
  for (const source of sources) {
    const problem = nameProblem(source);
    if (problem !== null) return `the source '${source}' ${problem}`;
    if (source.slice(0, -1).includes('*')) return `the source '${source}' may have a star at its end alone`;
  }
  return null;
}
