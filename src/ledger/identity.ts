/** Identity is (source, id): how the id that a producer sent becomes the event's. */
import { v5 } from 'uuid';
import type { EventId } from './types.js';

/** The namespace of ids that are no UUIDs (RFC 9562, 6.6): random, ours, part of the format. */
export const NAMESPACE = '8d989dc8-3ca8-4888-9299-38eea4bf95e2';

const NIL = '00000000-0000-0000-0000-000000000000';
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID in its usual form, of any version and variant, other than the nil UUID. */
export function isUuid(text: string): boolean {
  return UUID.test(text) && text !== NIL;
}

/**
 * The id of the event that a source sent under this id: a UUID other than nil in lower case, else the UUIDv5 of
 * source ‖ 0x00 ‖ id. No source contains a NUL, so no two pairs give the same bytes.
 */
export function eventIdFor(source: string, id: string): EventId {
  if (isUuid(id)) return id.toLowerCase() as EventId;
  return v5(Buffer.from(`${source}\0${id}`, 'utf8'), NAMESPACE) as EventId;
}
