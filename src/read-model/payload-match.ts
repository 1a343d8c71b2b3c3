/** Whether an entry's recorded bytes are what a filter asks for: the decision, whatever an index proposed. */
import { canonicalJson, readCanonical } from '../ledger/canonical-json.js';
import type { EventFilters, PayloadFilter } from '../ledger/filters.js';
import { valueAt } from '../ledger/json-pointer.js';
import { decodeMetadata } from '../ledger/metadata.js';
import type { Json } from '../ledger/types.js';

/**
 * Decides on subject and payload. A subject is that of metadata in the ledger's own form; a payload is what a schema can
 * judge: I-JSON of at most 64 levels, however another program wrote it. Anything else matches no such filter.
 */
export function bytesMatch(
  filters: Pick<EventFilters, 'subjects' | 'payload'>,
  data: Buffer,
  metadata: Buffer,
): boolean {
  return subjectMatches(filters.subjects, metadata) && payloadMatches(filters.payload, data);
}

function subjectMatches(subjects: readonly string[], metadata: Buffer): boolean {
  if (subjects.length === 0) return true;
  const subject = decodeMetadata(metadata)?.subject;
  return subject !== undefined && subjects.includes(subject);
}

function payloadMatches(filters: readonly PayloadFilter[], data: Buffer): boolean {
  if (filters.length === 0) return true;
  const read = readCanonical(data);
  if (read === null) return false;
  return filters.every(({ path, values }) => {
    const found = valueAt(read.value, path);
    return found !== undefined && isScalar(found) && values.includes(canonicalJson(found));
  });
}

export function isScalar(value: Json): value is string | number | boolean | null {
  return typeof value !== 'object' || value === null;
}
