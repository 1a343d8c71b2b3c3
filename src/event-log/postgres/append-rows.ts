/** The one statement that writes: event_log.append of migrations/0002_event-log.sql. */
import type pg from 'pg';
import type { Revision } from '../../ledger/types.js';
import { booleanArray, byteaArray, uuidArray } from '../../postgres/binary-array.js';
import type { Candidate } from '../port.js';

/** A candidate and where it is to go, as bytes. */
export interface AppendRow {
  readonly source: Buffer;
  readonly type: Buffer;
  readonly candidate: Candidate;
}

/** Where an identity stands in the log. */
export interface Place {
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
  const result = await client.query<[string, string]>({
    name: 'event_log.append',
    text: `SELECT revision, present FROM event_log.append($1, $2, $3, $4, $5, $6) ORDER BY ordinal`,
    values: [
      byteaArray(rows.map(({ source }) => source)),
      uuidArray(rows.map(({ candidate }) => candidate.id)),
      booleanArray(rows.map(({ candidate }) => candidate.fresh)),
      byteaArray(rows.map(({ type }) => type)),
      byteaArray(rows.map(({ candidate }) => candidate.data)),
      byteaArray(rows.map(({ candidate }) => candidate.metadata)),
    ],
    rowMode: 'array',
    types: { getTypeParser: () => String },
  });
  return result.rows.map(([revision, present]) => ({
    revision: Number(revision) as Revision,
    present: present === 't',
  }));
}
