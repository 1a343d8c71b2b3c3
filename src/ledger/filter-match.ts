/** Whether an entry is what filters ask for: the decision, whatever a database or an index proposed. */
import { canonicalJson, readCanonical } from './canonical-json.js';
import type { EventFilters, PayloadFilter } from './filters.js';
import { valueAt } from './json-pointer.js';
import { decodeMetadata } from './metadata.js';
import { isReserved } from './name.js';
import type { Entry, Header, Instant, Json } from './types.js';

export function entryMatches(filters: EventFilters, { header, data, metadata }: Entry): boolean {
  return headerMatches(filters, header) && bytesMatch(filters, data, metadata);
}

function headerMatches(filters: EventFilters, header: Header): boolean {
  return (
    among(filters.sources, header.source) &&
    among(filters.types, header.type) &&
    among(filters.actors, header.actor) &&
    among(filters.recordedBy, header.recordedBy) &&
    among(filters.verdicts, header.verdict) &&
    within(header.recordedAt, filters.since, filters.until) &&
    within(header.occurredAt, filters.occurredSince, filters.occurredUntil) &&
    (filters.internal || !isReserved(header.source))
  );
}

function among<Value>(values: readonly Value[], value: Value | null): boolean {
  return values.length === 0 || (value !== null && values.includes(value));
}

function within(time: Instant | null, from: Instant | null, to: Instant | null): boolean {
  if (from === null && to === null) return true;
  return time !== null && (from === null || time >= from) && (to === null || time < to);
}

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

function isScalar(value: Json): value is string | number | boolean | null {
  return typeof value !== 'object' || value === null;
}
