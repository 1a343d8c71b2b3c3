/**
 * The columns of an entry, and the two ways they are read.
 *
 * Verification and export read them with COPY in binary, as the table has them: nothing stands in the statement but their
 * names, so that no cast, operator or function of the catalogue, which whoever owns the database can replace for every
 * session (CREATE CAST), comes between the stored value and us. A Date would cut microseconds, a number round; text made
 * by the server would be what a cast makes of it. Everybody else reads text as the types themselves write it.
 */
import { LedgerError } from '../ledger/error.js';
import { readEntryRow, type EntryMember, type EntryRow } from '../ledger/row.js';
import type { Entry } from '../ledger/types.js';
import { bigintText, hexText, millisecondsText, plainText, uuidText } from '../postgres/binary-value.js';
import { TYPE } from '../postgres/type.js';
import type { Column } from './columns.js';

type Reading = 'bigint' | 'uuid' | 'text' | 'time' | 'hash' | 'bytes';

export interface EntryColumn extends Column {
  readonly member: EntryMember;
  readonly reading: Reading;
  /** what COPY is asked for */
  readonly expression: string;
}

/** In the order of the table. */
export const ENTRY_COLUMNS: readonly EntryColumn[] = [
  column('index', 'index', 'bigint'),
  column('id', 'id', 'uuid'),
  column('source', 'source', 'text'),
  column('type', 'type', 'text'),
  column('revision', 'revision', 'bigint'),
  column('schema', 'schema', 'hash'),
  column('verdict', 'verdict', 'text'),
  column('occurred_at', 'occurredAt', 'time'),
  column('recorded_at', 'recordedAt', 'time'),
  column('recorded_by', 'recordedBy', 'text'),
  column('actor', 'actor', 'text'),
  column('content', 'content', 'hash'),
  column('previous', 'previous', 'hash'),
  column('previous_in_source', 'previousInSource', 'hash'),
  column('hash', 'hash', 'hash'),
  column('data', 'data', 'bytes'),
  column('metadata', 'metadata', 'bytes'),
];

function column(name: string, member: EntryMember, reading: Reading): EntryColumn {
  const types = { bigint: TYPE.bigint, uuid: TYPE.uuid, text: TYPE.text, time: TYPE.timestamptz };
  const type = reading === 'hash' || reading === 'bytes' ? TYPE.bytea : types[reading];
  return { column: name, member, reading, type, expression: `entry.${name}` };
}

/**
 * The row that COPY gave.
 * @param next its next field, in the order of ENTRY_COLUMNS
 */
export function decodeRow(next: () => Buffer | null): EntryRow {
  return {
    index: bigintText(next()),
    id: uuidText(next()),
    source: plainText(next()),
    type: plainText(next()),
    revision: bigintText(next()),
    schema: hexText(next()),
    verdict: plainText(next()),
    occurredAt: millisecondsText(next()),
    recordedAt: millisecondsText(next()),
    recordedBy: plainText(next()),
    actor: plainText(next()),
    content: hexText(next()),
    previous: hexText(next()),
    previousInSource: hexText(next()),
    hash: hexText(next()),
    data: next(),
    metadata: next(),
  };
}

/** Milliseconds since 1970, exact to the microsecond; numeric, which the driver takes as the text it comes as. */
export function milliseconds(column: string): string {
  return `extract(epoch FROM ${column}) * 1000`;
}

function selected({ column, reading }: EntryColumn): string {
  if (reading === 'hash') return `encode(${column}, 'hex')`;
  return reading === 'time' ? milliseconds(column) : column;
}

/** For a SELECT that gives rows of the form EntryRow. */
export const ENTRY_SELECT = ENTRY_COLUMNS.map((each) => `${selected(each)} AS "${each.member}"`).join(', ');

/** @throws LedgerError `internal` naming the entry, when the row holds what no entry can have */
export function toEntry(row: EntryRow): Entry {
  const read = readEntryRow(row);
  if (read.ok) return read.entry;
  throw new LedgerError(
    'internal',
    `entry ${row.index ?? 'without index'} cannot be read (${read.finding.detail ?? ''}): verify the ledger`,
  );
}
