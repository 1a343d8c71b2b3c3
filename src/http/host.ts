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
  // Node.js drops all but the first
  const fields = rawHeaders.filter((name, at) => at % 2 === 0 && /^host$/i.test(name));
  if (fields.length > 1)
    return refusal('bad-request', 'A request must have one header field Host, not more.');
  return HOST.test(headers.host)
    ? null
    : refusal('bad-request', 'The header field Host must be a host and, where it has one, a port.');
}
