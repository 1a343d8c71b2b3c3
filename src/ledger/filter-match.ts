/** Whether an entry is what filters ask for: the decision, whatever a database or an index proposed. */
import { canonicalJson, readCanonical } from './canonical-json.js';
import type { EventFilters, PayloadFilter } from './filters.js';
import { valueAt } from './json-pointer.js';
import { attributionIn } from './metadata.js';
import { isReserved } from './name.js';
import { meetsAny } from './source-pattern.js';
import type { Entry, Header, Instant, Json } from './types.js';

/** @param content of the entry */
export function entryMatches(filters: EventFilters, { header }: Entry, content: Content): boolean {
  return headerMatches(filters, header) && contentMatches(filters, content);
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
    (filters.internal || !isReserved(header.source)) &&
    (filters.within === null || meetsAny(header.source, filters.within))
  );
}

function among<Value>(values: readonly Value[], value: Value | null): boolean {
  return values.length === 0 || (value !== null && values.includes(value));
}

function within(time: Instant | null, from: Instant | null, to: Instant | null): boolean {
  if (from === null && to === null) return true;
  return time !== null && (from === null || time >= from) && (to === null || time < to);
}

/** Decides on subject and payload alone. */
export function bytesMatch(
  filters: Pick<EventFilters, 'subjects' | 'payload'>,
  data: Buffer,
  metadata: Buffer,
): boolean {
  return contentMatches(filters, new Content({ data, metadata }));
}

/**
 * An entry's recorded bytes, read as filters read them, when one asks, and once for all that do. A subject is that of
 * metadata in the ledger's own form; a payload is what a schema can judge: I-JSON of at most 64 levels, however another
 * program wrote it. Anything else matches no such filter.
 */
export class Content {
  readonly #bytes: Pick<Entry, 'data' | 'metadata'>;
  #payload: { readonly value: Json } | null | undefined;
  #subject: string | null | undefined;

  constructor(bytes: Pick<Entry, 'data' | 'metadata'>) {
    this.#bytes = bytes;
  }

  get payload(): { readonly value: Json } | null {
    if (this.#payload === undefined) this.#payload = readCanonical(this.#bytes.data);
    return this.#payload;
  }

  get subject(): string | null {
    if (this.#subject === undefined) this.#subject = attributionIn(this.#bytes.metadata)?.subject ?? null;
    return this.#subject;
  }
}

function contentMatches(
  { subjects, payload }: Pick<EventFilters, 'subjects' | 'payload'>,
  content: Content,
): boolean {
  if (subjects.length > 0 && !among(subjects, content.subject)) return false;
  return payload.every((filter) => payloadMatches(filter, content.payload));
}

function payloadMatches({ path, values }: PayloadFilter, payload: { readonly value: Json } | null): boolean {
  const found = payload === null ? undefined : valueAt(payload.value, path);
  return found !== undefined && isScalar(found) && values.includes(canonicalJson(found));
}

function isScalar(value: Json): value is string | number | boolean | null {
  return typeof value !== 'object' || value === null;
}
