/** Request ids: unique among processes and restarts, and cheap. */
import { randomBytes } from 'node:crypto';

const PROCESS = randomBytes(9).toString('base64url');
let count = 0;

export function newRequestId(): string {
  return `${PROCESS}-${(count++).toString(36)}`;
}
