/**
 * The header fields Host (RFC 9112, 3.2) and Authorization: who reads them otherwise than a proxy before us can be sent past
 * what that guards.
 */
import type { IncomingMessage } from 'node:http';
import { refusal, type ProblemError } from './problem.js';

/** `uri-host [ ":" port ]` (RFC 9110, 7.2), or empty. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/i;

/** What is wrong with it, null when nothing is. */
export function problemOfHost({ httpVersion, headers, rawHeaders }: IncomingMessage): ProblemError | null {
  if (headers.host === undefined) {
    if (httpVersion !== '1.1') return null;
    return refusal('bad-request', 'A request of HTTP/1.1 must have the header field Host.');
  }
  if (isRepeated('host', rawHeaders))
    return refusal('bad-request', 'A request must have one header field Host, not more.');
  return HOST.test(headers.host)
    ? null
    : refusal('bad-request', 'The header field Host must be a host and, where it has one, a port.');
}

/**
 * Whether it says twice whose it is, null when it does not. It is no list, so that whoever sends two means neither
 * (RFC 9110, 5.3).
 */
export function problemOfAuthorization({ rawHeaders }: IncomingMessage): ProblemError | null {
  return isRepeated('authorization', rawHeaders)
    ? refusal('bad-request', 'A request must have one header field Authorization, not more.')
    : null;
}

/** Node.js drops all but the first. @param name in lower case @param raw names and values in turn */
function isRepeated(name: string, raw: readonly string[]): boolean {
  let count = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const other = raw[at] ?? '';
    if (other.length === name.length && other.toLowerCase() === name) count += 1;
  }
  return count > 1;
}
