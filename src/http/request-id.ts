/**
 * Request ids: that of the client or of a proxy, so that one request has one name in everybody's logs, else one of ours,
 * which is unique among processes and restarts, and cheap.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export const REQUEST_ID_HEADER = 'x-request-id';

/** Nothing that could be taken for more than a word, in a log, a header field or a page. */
const FORM = /^[\w.:/=+~@-]{1,128}$/;

const PROCESS = randomBytes(9).toString('base64url');
let count = 0;

export function newRequestId(): string {
  return `${PROCESS}-${(count++).toString(36)}`;
}

/** What is malformed, or given twice, is nobody's id. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers[REQUEST_ID_HEADER];
  return typeof given === 'string' && FORM.test(given) ? given : newRequestId();
}
