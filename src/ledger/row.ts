/**
 * Rows of the read model as verification reads them: every value as text that was made from the stored bytes, bytes as
 * bytes, so that nothing is lost or repaired on the way (a Date cuts microseconds, a number rounds).
 */
import { finding, shorten, type Finding } from './finding.js';
import { isCount, isEntryName, isHash, misfitBesidesTimes } from './header-form.js';
import type { Entry, Header, Index, Instant, Revision, SourceHead } from './types.js';

/** `null` is SQL's NULL. Times are milliseconds since 1970 as decimal text, `1689000000000.9`. */
export interface EntryRow {
  readonly index: string | null;
  readonly id: string | null;
  readonly source: string | null;
  readonly type: string | null;
  readonly revision: string | null;
  /** hex */
  readonly schema: string | null;
  readonly verdict: string | null;
  readonly occurredAt: string | null;
  readonly recordedAt: string | null;
  readonly recordedBy: string | null;
  readonly actor: string | null;
  /** hex */
  readonly content: string | null;
  readonly previous: string | null;
  readonly previousInSource: string | null;
  readonly hash: string | null;
  readonly data: Buffer | null;
  readonly metadata: Buffer | null;
  /** what readEntryRow makes of these values, where whoever read the row knows it already */
  readonly entry?: Entry;
}

/** A column of the table. */
export type EntryMember = Exclude<keyof EntryRow, 'entry'>;

export interface SourceHeadRow {
  readonly source: string | null;
  readonly count: string | null;
  readonly lastRevision: string | null;
  readonly lastHash: string | null;
  readonly lastIndex: string | null;
  readonly firstRecordedAt: string | null;
  readonly lastRecordedAt: string | null;
}

/**
 * The entry that a row holds. Strict: any text that the ledger would not have written is a finding
 * `unreadable-value`, whose detail names the column; the first such column counts.
 */
export function readEntryRow(
  row: EntryRow,
): { readonly ok: true; readonly entry: Entry } | { readonly ok: false; readonly finding: Finding } {
  if (row.entry !== undefined) return { ok: true, entry: row.entry };
  const { id, source, type, schema, verdict, recordedBy, actor, content, previous, previousInSource } = row;
  const { hash, data, metadata } = row;
  const recordedAt = readTime(row.recordedAt);
  const occurredAt = row.occurredAt === null ? null : readTime(row.occurredAt);
  if (recordedAt === null) return unreadable(row, 'recordedAt');
  if (occurredAt === null && row.occurredAt !== null) return unreadable(row, 'occurredAt');
  const draft = {
    v: 1,
    index: readCount(row.index),
    id,
    source,
    type,
    revision: readCount(row.revision),
    schema,
    verdict,
    occurredAt,
    recordedAt,
    recordedBy,
    actor,
    content,
    previous,
    previousInSource,
  };
  const member = misfitBesidesTimes(draft);
  if (member !== null) return unreadable(row, member);
  if (!isHash(hash)) return unreadable(row, 'hash');
  if (data === null) return unreadable(row, 'data');
  if (metadata === null) return unreadable(row, 'metadata');
  return { ok: true, entry: { header: draft as Header, hash, data, metadata } };
}

/** The source head that a row holds; as strict as readEntryRow. */
export function readSourceHeadRow(
  row: SourceHeadRow,
): { readonly ok: true; readonly head: SourceHead } | { readonly ok: false; readonly finding: Finding } {
  const bad = (column: keyof SourceHeadRow) =>
    ({
      ok: false,
      finding: finding(
        { source: row.source },
        { code: 'unreadable-value', found: show(row[column]), detail: `column ${column} of a source's head` },
      ),
    }) as const;
  const { source, lastHash } = row;
  const count = readCount(row.count);
  const lastRevision = readCount(row.lastRevision);
  const lastIndex = readCount(row.lastIndex);
  const firstRecordedAt = readTime(row.firstRecordedAt);
  const lastRecordedAt = readTime(row.lastRecordedAt);
  if (!isEntryName(source)) return bad('source');
  if (count === null || count === 0) return bad('count');
  if (lastRevision === null) return bad('lastRevision');
  if (!isHash(lastHash)) return bad('lastHash');
  if (lastIndex === null) return bad('lastIndex');
  if (firstRecordedAt === null) return bad('firstRecordedAt');
  if (lastRecordedAt === null) return bad('lastRecordedAt');
  const head: SourceHead = {
    source,
    count,
    lastRevision: lastRevision as Revision,
    lastHash,
    lastIndex: lastIndex as Index,
    firstRecordedAt,
    lastRecordedAt,
  };
  return { ok: true, head };
}

/** An index, revision or count; null for any other text and for NULL. */
export function readCount(text: string | null): number | null {
  if (text === null || !/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return null;
  const value = Number(text);
  return isCount(value) ? value : null;
}

/** Null for NULL, for what is no whole millisecond and for what is not in the years 0001–9999. */
function readTime(text: string | null): Instant | null {
  if (text === null || !/^(?:0|-?[1-9][0-9]{0,14})(?:\.0+)?$/.test(text)) return null;
  const instant = new Date(Number(text)).toISOString();
  // years that four digits do not hold are written with six and a sign
  const inRange = instant.length === '0001-01-01T00:00:00.000Z'.length && !instant.startsWith('0000');
  return inRange ? (instant as Instant) : null;
}

function unreadable(row: EntryRow, column: EntryMember): { readonly ok: false; readonly finding: Finding } {
  const value = row[column];
  return {
    ok: false,
    finding: finding(placeOfRow(row), {
      code: 'unreadable-value',
      found: typeof value === 'string' ? show(value) : null,
      detail: `column ${column}`,
    }),
  };
}

/** What a row says of its own place, as far as a finding may repeat it. */
export function placeOfRow(row: Pick<EntryRow, 'index' | 'id' | 'source'>): {
  index: number | null;
  id: string | null;
  source: string | null;
} {
  return { index: readCount(row.index), id: show(row.id), source: show(row.source) };
}

function show(text: string | null): string | null {
  return text === null ? null : shorten(text);
}
