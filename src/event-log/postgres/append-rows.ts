/** The one statement that writes: event_log.append of migrations/0002_event-log.sql. */
import type pg from 'pg';
import type { Revision } from '../../ledger/types.js';
import type { Candidate } from '../port.js';

/** A candidate and where it is to go, as bytes. */
export interface AppendRow {
  readonly source: Buffer;
  readonly type: Buffer;
  readonly candidate: Candidate;
}

/** Where an identity stands in the log. */
export interface Place {
  readonly position: bigint;
  readonly revision: Revision;
  /** it stood there before, or is that of an earlier row of the same statement */
  readonly present: boolean;
}

/**
 * Append rows of any sources in one transaction. All of it is durable when this resolves, nothing of it when the
 * server refused the statement.
 * @returns a place for each row, in their order
 */
export async function appendRows(client: pg.ClientBase, rows: readonly AppendRow[]): Promise<Place[]> {
  const result = await client.query<[string, string, string]>({
    name: 'event_log.append',
    text: `SELECT position, revision, present FROM event_log.append($1, $2, $3, $4, $5, $6) ORDER BY ordinal`,
    values: [
      binaryArray(BYTEA, rows, (row) => row.source),
      binaryArray(UUID, rows, (row) => Buffer.from(row.candidate.id.replaceAll('-', ''), 'hex')),
      binaryArray(BOOL, rows, (row) => (row.candidate.fresh ? TRUE : FALSE)),
      binaryArray(BYTEA, rows, (row) => row.type),
      binaryArray(BYTEA, rows, (row) => row.candidate.data),
      binaryArray(BYTEA, rows, (row) => row.candidate.metadata),
    ],
    rowMode: 'array',
    types: { getTypeParser: () => String },
  });
  return result.rows.map(([position, revision, present]) => ({
    position: BigInt(position),
    revision: Number(revision) as Revision,
    present: present === 't',
  }));
}

const BOOL = 16;
const BYTEA = 17;
const UUID = 2950;
const TRUE = Buffer.of(1);
const FALSE = Buffer.of(0);
const ARRAY_HEADER_BYTES = 20;

/**
 * A one-dimensional array without NULLs in PostgreSQL's binary form: dimensions, whether there are NULLs, the
 * elements' type, length, lower bound; then each element after its length. A Buffer is sent as it is, where an
 * array would become text with two hex digits for each byte.
 */
function binaryArray(type: number, rows: readonly AppendRow[], element: (row: AppendRow) => Buffer): Buffer {
  const elements = rows.map(element);
  const bytes = elements.reduce((sum, { length }) => sum + 4 + length, ARRAY_HEADER_BYTES);
  const array = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const word of [1, 0, type, elements.length, 1]) at = array.writeInt32BE(word, at);
  for (const value of elements) {
    at = array.writeInt32BE(value.length, at);
    at += value.copy(array, at);
  }
  return array;
}
