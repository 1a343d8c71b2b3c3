/** In which mode a request brings CloudEvents (HTTP Protocol Binding for CloudEvents 1.0, 1.3 and 3). */
import type { IncomingHttpHeaders } from 'node:http';

/** How media types of event formats begin: whatever has one is not in binary mode. */
const FORMATS = 'application/cloudevents';

/**
 * Whether a request is an event in binary mode. One of the header fields that every event has is enough, so that a sender
 * who forgot another is told so.
 */
export function isBinaryMode(headers: IncomingHttpHeaders): boolean {
  const hasFields =
    headers['ce-specversion'] !== undefined ||
    headers['ce-id'] !== undefined ||
    headers['ce-source'] !== undefined ||
    headers['ce-type'] !== undefined;
  return hasFields && headers['content-type']?.toLowerCase().startsWith(FORMATS) !== true;
}
