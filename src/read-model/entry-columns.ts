/**
 * The columns of an entry as they are read: every value as text in a form that the statement fixes, bytes as bytes,
 * so that nothing is lost or repaired on the way.
 */
import { LedgerError } from '../ledger/error.js';
import { readEntryRow, type EntryRow } from '../ledger/row.js';
import type { Entry } from '../ledger/types.js';

export interface EntryColumn {
  readonly column: string;
  readonly member: keyof EntryRow;
  /** as the migrations made it; see format_type */
  readonly type: string;
  /** the expression that gives the text or bytes */
  readonly expression: string;
}

/** In the order of the table. */
export const ENTRY_COLUMNS: readonly EntryColumn[] = [
  plain('index', 'index', 'bigint'),
  plain('id', 'id', 'uuid'),
  plain('source', 'source', 'text'),
  plain('type', 'type', 'text'),
  plain('revision', 'revision', 'bigint'),
  hash('schema', 'schema'),
  plain('verdict', 'verdict', 'text'),
  time('occurred_at', 'occurredAt'),
  time('recorded_at', 'recordedAt'),
  plain('recorded_by', 'recordedBy', 'text'),
  plain('actor', 'actor', 'text'),
  hash('content', 'content'),
  hash('previous', 'previous'),
  hash('previous_in_source', 'previousInSource'),
  hash('hash', 'hash'),
  { column: 'data', member: 'data', type: 'bytea', expression: 'data' },
  { column: 'metadata', member: 'metadata', type: 'bytea', expression: 'metadata' },
];

function plain(column: string, member: keyof EntryRow, type: string): EntryColumn {
  return { column, member, type, expression: `${column}::text` };
}

function hash(column: string, member: keyof EntryRow): EntryColumn {
  return { column, member, type: 'bytea', expression: `encode(${column}, 'hex')` };
}

function time(column: string, member: keyof EntryRow): EntryColumn {
  return { column, member, type: 'timestamp with time zone', expression: milliseconds(column) };
}

/** Milliseconds since 1970 as decimal text, exact to the microsecond; also of infinity. */
export function milliseconds(column: string): string {
  return `(extract(epoch FROM ${column}) * 1000)::text`;
}

/** For a SELECT that gives rows of the form EntryRow. */
export const ENTRY_SELECT = ENTRY_COLUMNS.map(
  ({ expression, member }) => `${expression} AS "${member}"`,
).join(', ');

/** @throws LedgerError `internal` naming the entry, when the row holds what no entry can have */
export function toEntry(row: EntryRow): Entry {
  const read = readEntryRow(row);
  if (read.ok) return read.entry;
  throw new LedgerError(
    'internal',
    `entry ${row.index ?? 'without index'} cannot be read (${read.finding.detail ?? ''}): verify the ledger`,
  );
}
