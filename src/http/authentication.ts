/** Who is asking: credentials (RFC 7617) to a principal. */
import { hash, timingSafeEqual } from 'node:crypto';
import { administrator, type Principal } from '../access/principal.js';

export interface Authenticator {
  /**
   * The principal of these credentials, null when they are wrong. How long that takes tells nothing about how
   * nearly right they were.
   */
  authenticate(user: string, password: string): Principal | null | Promise<Principal | null>;
}

/** Whether a route asks for credentials; `optional`: wrong ones are refused, none are fine. */
export type CredentialPolicy = 'required' | 'optional' | 'none';

/** One user with one password. */
export function singleUser(name: string, password: string): Authenticator {
  const principal = administrator(name);
  const expected = digest(name, password);
  return {
    authenticate: (user, given) => (timingSafeEqual(digest(user, given), expected) ? principal : null),
  };
}

/** For a process that was given no password: no credentials are right. */
export const NOBODY: Authenticator = { authenticate: () => null };

/** Equal lengths for the comparison, whatever was sent. Joined as RFC 7617 does: no user has a colon in the name. */
function digest(user: string, password: string): Buffer {
  return hash('sha256', `${user}:${password}`, 'buffer');
}
