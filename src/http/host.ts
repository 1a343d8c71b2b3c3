/** The header field Host (RFC 9112, 3.2): who reads it otherwise than a proxy before us can be sent past what that guards. */
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
  if (hostFields(rawHeaders) > 1)
    return refusal('bad-request', 'A request must have one header field Host, not more.');
  return HOST.test(headers.host)
    ? null
    : refusal('bad-request', 'The header field Host must be a host and, where it has one, a port.');
}

/** Node.js drops all but the first. @param raw names and values in turn */
function hostFields(raw: readonly string[]): number {
  let count = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count;
}
