/** The header field Authorization (RFC 9110, 11.6.2): what it says, and what is answered when it is not enough. */
import type { Credentials } from './authentication.js';
import { refusal, type ProblemError } from './problem.js';

/** In /openapi.json: any of the two. */
export const SECURITY: Record<string, string[]>[] = [{ basic: [] }, { bearer: [] }];

const BASIC_CHALLENGE = 'Basic realm="event-ledger", charset="UTF-8"';
const BEARER_CHALLENGE = 'Bearer realm="event-ledger"';

/** RFC 9110, 11.4, for schemes that take a token68. */
const CREDENTIALS = /^(basic|bearer) +([\w.~+/-]+=*)$/i;
/** RFC 7617, 2: what stands before the first colon is the user, and neither part has control characters. */
// eslint-disable-next-line no-control-regex
const USER_AND_PASSWORD = /^([^:\u0000-\u001f\u007f]*):([^\u0000-\u001f\u007f]*)$/;

/** @returns null where there are none of a scheme that is known */
export function readCredentials(field: string | undefined): Credentials | null {
  const [, scheme, token] = CREDENTIALS.exec(field ?? '') ?? [];
  if (scheme === undefined || token === undefined) return null;
  if (scheme.toLowerCase() === 'bearer') return { scheme: 'bearer', token };
  const [, user, password] = USER_AND_PASSWORD.exec(Buffer.from(token, 'base64').toString()) ?? [];
  return user === undefined || password === undefined ? null : { scheme: 'basic', user, password };
}

/** @param given what was wrong with them is not told: not even whether there is such a user */
export function unauthorized(given: Credentials | null): ProblemError {
  switch (given?.scheme) {
    case undefined:
      return challenge('Credentials are needed: Basic as RFC 7617 has it, or a key as Bearer (RFC 6750).');
    case 'basic':
      return challenge('The user or the password is wrong.');
    case 'bearer':
      // RFC 6750, 3.1
      return challenge('The key is wrong, has expired, or was revoked.', ', error="invalid_token"');
  }
}

function challenge(detail: string, error = ''): ProblemError {
  const headers = { 'www-authenticate': `${BASIC_CHALLENGE}, ${BEARER_CHALLENGE}${error}` };
  return refusal('unauthorized', detail, { headers });
}
