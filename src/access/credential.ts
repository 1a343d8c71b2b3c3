/** Credentials: what is told of them, what a request is compared with, and which there may be. Pure. */
import { isProgramName, PROGRAM } from './access-event.js';
import { textProblem } from '../ledger/name.js';
import { patternProblem, type SourcePattern } from '../ledger/source-pattern.js';
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
export const MOST_SOURCES = 200;

/** Something about a wanted credential that cannot be. */
export interface Unfit {
  /** in the document that it would be: a member, and the place in its list */
  readonly place: readonly [member: 'name' | 'roles' | 'sources', at?: number];
  /** goes on after the name of the place */
  readonly detail: string;
}

/** All that keeps a credential from being made. */
export function unfitness({
  name,
  roles,
  sources,
}: Pick<WantedCredential, 'name' | 'roles' | 'sources'>): readonly Unfit[] {
  const nameDetail = problemOfName(name);
  return [
    ...(nameDetail === null ? [] : [{ place: ['name'] as const, detail: nameDetail }]),
    ...problemsOfRoles(roles),
    ...problemsOfSources(roles, sources),
  ];
}

/** In one line: what is wrong of the wanted credential. */
export function describeUnfit(wanted: WantedCredential, { place, detail }: Unfit): string {
  const [member, at] = place;
  const what =
    at === undefined ? `the ${member}` : `the ${member.slice(0, -1)} '${wanted[member][at] ?? ''}'`;
  return `${what} ${detail}`;
}

function problemOfName(name: string): string | null {
  if (name === CONFIGURED_ADMIN) return `must not be '${name}': that is LEDGER_ADMIN_PASSWORD's user`;
  if (isProgramName(name)) return `must not begin with ${PROGRAM}: so the program calls itself`;
  // RFC 7617, 2: the first colon ends the user's name
  if (name.includes(':')) return 'must not have a colon';
  if (name.trim() !== name) return 'must not begin or end with white space';
  return textProblem(name);
}

function problemsOfRoles(roles: readonly string[]): readonly Unfit[] {
  const known: readonly string[] = ROLES;
  if (roles.length === 0)
    return [{ place: ['roles'], detail: `must have one at least: ${ROLES.join(', ')}` }];
  return roles.flatMap((role, at) => {
    if (!known.includes(role))
      return [{ place: ['roles', at], detail: `must be one of ${ROLES.join(', ')}` }];
    // thousands of one would make the event which tells of it too large to be recorded
    return roles.indexOf(role) === at ? [] : [{ place: ['roles', at], detail: 'must be given once' }];
  });
}

function problemsOfSources(roles: readonly Role[], sources: readonly SourcePattern[]): readonly Unfit[] {
  const problem = problemOfSourcesAtAll(roles, sources);
  if (problem !== null) return [{ place: ['sources'], detail: problem }];
  return sources.flatMap((source, at) => {
    const detail = patternProblem(source, roles.includes('reader'));
    return detail === null ? [] : [{ place: ['sources', at], detail }];
  });
}

function problemOfSourcesAtAll(roles: readonly Role[], sources: readonly SourcePattern[]): string | null {
  const hasSources = roles.some((role) => WITH_SOURCES.includes(role));
  if (hasSources && sources.length === 0)
    return "must be given: those that a writer writes to or a reader reads, such as 'billing.*'";
  if (!hasSources && sources.length > 0)
    return 'must not be given: they are what a writer writes to and a reader reads';
  return sources.length > MOST_SOURCES ? `must be ${MOST_SOURCES} at most` : null;
}
