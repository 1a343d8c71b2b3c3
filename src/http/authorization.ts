/** The header field Authorization (RFC 9110, 11.6.2): what it says, and what is answered when it is not enough. */
import type { Credentials } from './authentication.js';
import type { Problem } from './problem.js';

/** In /openapi.json: any of the two. */
export const SECURITY: Record<string, string[]>[] = [{ basic: [] }, { bearer: [] }];

const BASIC_CHALLENGE = 'Basic realm="event-ledger", charset="UTF-8"';
const BEARER_CHALLENGE = 'Bearer realm="event-ledger"';

/** RFC 6750, 2.1; schemes are of any case. */
const BEARER = /^bearer +([\w.~+/-]+=*)$/i;

/** @returns null where the request brings none; Basic is read by @fastify/basic-auth */
export function readToken(field: string | undefined): string | null {
  return BEARER.exec(field ?? '')?.[1] ?? null;
}

/** @param scheme of what was given, null where there was none; what was wrong is not told, nor whether there is such a user */
export function unauthorized(scheme: Credentials['scheme'] | null): Problem {
  switch (scheme) {
    case null:
      return challenge('Credentials are needed: Basic as RFC 7617 has it, or a key as Bearer (RFC 6750).');
    case 'basic':
      return challenge('The user or the password is wrong.');
    case 'bearer':
      // RFC 6750, 3.1
      return challenge('The key or token is wrong, has expired, or was revoked.', ', error="invalid_token"');
  }
}

function challenge(detail: string, error = ''): Problem {
  const headers = { 'www-authenticate': `${BASIC_CHALLENGE}, ${BEARER_CHALLENGE}${error}` };
  return { code: 'unauthorized', detail, headers };
}
