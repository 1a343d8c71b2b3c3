/** Who is asking: credentials to a principal. */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { CONFIGURED_ADMIN, type KnownCredential } from '../access/credential.js';
import type { CredentialStore } from '../access/port.js';
import { administrator, type Principal } from '../access/principal.js';
import { hashOfPassword, hashOfSecret, KEY_PREFIX, parseKey } from '../access/secret.js';
import type { TokenVerifier } from '../access/tokens.js';
import { PasswordChecks } from './password-checks.js';
import { refusal } from './problem.js';

/** What a request brings: a user with a password (RFC 7617), or a token (RFC 6750). */
export type Credentials = UserAndPassword | Token;

interface UserAndPassword {
  readonly scheme: 'basic';
  readonly user: string;
  readonly password: string;
}

interface Token {
  readonly scheme: 'bearer';
  readonly token: string;
}

export interface Authenticator {
  /**
   * The principal of these credentials, null when they are wrong. How long that takes tells nothing about how
   * nearly right they were, or whether there is such a user.
   * @param from the address that they came from
   * @throws ProblemError when that cannot be known now; it says when to come again
   */
  authenticate(given: Credentials, from?: string): Principal | null | Promise<Principal | null>;
  /**
   * Whether somebody whom these credentials have let in would be let in still: told without a hash, so that no flood of
   * others' passwords puts it off. What `authenticate` says unless given.
   * @throws ProblemError as `authenticate`
   */
  stillLetsIn?(given: Credentials): boolean | Promise<boolean>;
}

/** Whether a route asks for credentials; `optional`: wrong ones are refused, none are fine. */
export type CredentialPolicy = 'required' | 'optional' | 'none';

/** One that asks nobody. */
interface QuickAuthenticator extends Authenticator {
  authenticate(given: Credentials): Principal | null;
}

/** One user with one password, such as that of the configuration. */
export function singleUser(name: string, password: string): QuickAuthenticator {
  const principal = administrator(name);
  const expected = digest(name, password);
  return {
    authenticate: (given) =>
      given.scheme === 'basic' && timingSafeEqual(digest(given.user, given.password), expected)
        ? principal
        : null,
  };
}

/** For a process that was given no password: no credentials are right. */
export const NOBODY: QuickAuthenticator = { authenticate: () => null };

/** Equal lengths for the comparison, whatever was sent. Joined as RFC 7617 does: no user has a colon in the name. */
function digest(user: string, password: string): Buffer {
  return hash('sha256', `${user}:${password}`, 'buffer');
}

/**
 * Who is configured, and else whose key or password the store has. Who is configured is let in whatever becomes of the
 * store.
 * @param hashPassword scrypt, unless given
 */
export function withCredentials(
  configured: QuickAuthenticator,
  store: CredentialStore,
  hashPassword = hashOfPassword,
): Authenticator {
  const checks = new PasswordChecks(hashPassword);
  return {
    authenticate(given, from = '') {
      const principal = configured.authenticate(given);
      if (principal !== null) return principal;
      if (!store.known) throw unknowable();
      return given.scheme === 'bearer' ? byKey(store, given) : byPassword(store, checks, given, from);
    },
    stillLetsIn(given) {
      if (configured.authenticate(given) !== null) return true;
      if (given.scheme === 'bearer') return byKey(store, given) !== null;
      const credential = unlessExpired(store.password(given.user));
      return credential !== null && checks.hasFoundRight(credential, given.password);
    },
  };
}

/**
 * Whose credentials somebody tried, right or wrong; null: nobody's who is known. A user who is not may be a password that
 * was typed in its place.
 */
export function ownerIn(store: CredentialStore): (given: Credentials) => string | null {
  return (given) => {
    if (given.scheme === 'bearer') return store.key(parseKey(given.token)?.id ?? '')?.principal.name ?? null;
    return given.user === CONFIGURED_ADMIN || store.password(given.user) !== null ? given.user : null;
  };
}

/** Besides what others let in: who bears an access token of the issuer. Keys are no such tokens, and begin as none does. */
export function withTokens(others: Authenticator, tokens: TokenVerifier): Authenticator {
  const isToken = (given: Credentials): given is Token =>
    given.scheme === 'bearer' && !given.token.startsWith(KEY_PREFIX);
  return {
    authenticate: (given, from) =>
      isToken(given) ? byToken(tokens, given.token) : others.authenticate(given, from),
    stillLetsIn: async (given) =>
      isToken(given) ? (await byToken(tokens, given.token)) !== null : stillLetsIn(others, given),
  };
}

/** @throws ProblemError when that cannot be known now */
export async function stillLetsIn(authenticator: Authenticator, given: Credentials): Promise<boolean> {
  return (await authenticator.stillLetsIn?.(given)) ?? (await authenticator.authenticate(given)) !== null;
}

async function byToken(tokens: TokenVerifier, token: string): Promise<Principal | null> {
  const answer = await tokens.principalOf(token);
  if (answer.ok) return answer.principal;
  if (answer.reason !== 'issuer-unavailable') return null;
  throw refusal('issuer-unavailable', `For now ${answer.detail}.`, { retryAfter: 2 });
}

/** What no secret has. */
const NO_HASH = randomBytes(32);

function byKey(store: CredentialStore, { token }: Token): Principal | null {
  const key = parseKey(token);
  if (key === null) return null;
  const credential = unlessExpired(store.key(key.id));
  const isRight = timingSafeEqual(hashOfSecret(key.secret), credential?.hash ?? NO_HASH);
  return isRight && credential !== null ? letIn(store, credential) : null;
}

function byPassword(
  store: CredentialStore,
  checks: PasswordChecks,
  { user, password }: UserAndPassword,
  from: string,
): Principal | null | Promise<Principal | null> {
  const credential = unlessExpired(store.password(user));
  if (credential !== null && checks.remembers(credential, password)) return letIn(store, credential);
  return checks.check(credential, user, password, from).then((isRight) => {
    // it may have been revoked meanwhile
    if (!isRight || credential === null || store.password(user)?.id !== credential.id) return null;
    return letIn(store, credential);
  });
}

function unlessExpired(credential: KnownCredential | null): KnownCredential | null {
  return credential === null || credential.expiresAtMs <= Date.now() ? null : credential;
}

function letIn(store: CredentialStore, { id, principal }: KnownCredential): Principal {
  store.used(id);
  return principal;
}

function unknowable(): Error {
  return refusal('store-unavailable', 'The credentials could not be read yet; try again in a moment.', {
    retryAfter: 2,
  });
}
