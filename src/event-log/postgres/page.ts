/** Events out of the table, a page at a time. */
import type pg from 'pg';
import { LedgerError } from '../../ledger/error.js';
import { instantFromMs } from '../../ledger/time.js';
import type { EventId, Instant, Position, RecordedEvent, Revision } from '../../ledger/types.js';
import { copyOut, type CopiedRow } from '../../postgres/copy-out.js';
import { uuidText } from '../../postgres/binary-value.js';
import { EPOCH_MS } from '../../postgres/type.js';
import { textOf } from './text.js';

/** What a page holds at most: so many events, and no further one after so many bytes. */
export const PAGE = { events: 2_000, bytes: 4_194_304 } as const;

export interface Page {
  readonly events: readonly RecordedEvent[];
  /** whether there may be more */
  readonly full: boolean;
}

/** The whole log after a position. */
export function pageAfter(client: pg.ClientBase, position: number): Promise<Page> {
  return page(client, `position > ${position}`, 'position ASC', PAGE.events);
}

/** One source's stream from a revision on, inclusive. */
export function pageOfSource(
  client: pg.ClientBase,
  source: Buffer,
  from: { readonly revision: number; readonly backwards: boolean; readonly limit: number },
): Promise<Page> {
  const [comparison, order] = from.backwards ? ['<=', 'revision DESC'] : ['>=', 'revision ASC'];
  // safe as text: it holds hex digits only
  const key = `event_log.source_key(decode('${source.toString('hex')}', 'hex'))`;
  const where = `event_log.source_key(source) = ${key} AND revision ${comparison} ${from.revision}`;
  return page(client, where, order, Math.min(from.limit, PAGE.events));
}

async function page(client: pg.ClientBase, where: string, order: string, limit: number): Promise<Page> {
  const events: RecordedEvent[] = [];
  const instantOf = instants();
  let bytes = 0;
  await copyOut(
    client,
    `SELECT position, source, revision, id, type, data, metadata, logged_at
     FROM (
       SELECT *, sum(size) OVER (ORDER BY ${order} ROWS UNBOUNDED PRECEDING) - size AS before
       FROM (
         SELECT *, octet_length(source) + octet_length(type) + octet_length(data) + octet_length(metadata) AS size
         FROM event_log.event WHERE ${where} ORDER BY ${order} LIMIT ${limit}
       ) AS event
     ) AS event
     WHERE before < ${PAGE.bytes}
     ORDER BY ${order}`,
    (row) => {
      const position = row.safeInteger();
      const source = fieldOf(row);
      const revision = row.safeInteger();
      const id = fieldOf(row);
      const type = fieldOf(row);
      const data = fieldOf(row);
      const metadata = fieldOf(row);
      const loggedAt = instantOf(fieldOf(row));
      bytes += source.length + type.length + data.length + metadata.length;
      events.push({
        position: String(position) as Position,
        source: textOf(source),
        revision: revision as Revision,
        id: uuidText(id) as EventId,
        type: textOf(type),
        data,
        metadata,
        loggedAt,
      });
      return true;
    },
  );
  return { events, full: events.length === limit || bytes >= PAGE.bytes };
}

/** No column of the log's table takes NULL. */
function fieldOf(row: CopiedRow): Buffer {
  const field = row.bytes();
  if (field === null) throw new LedgerError('internal', 'the event log has a row with NULL in it');
  return field;
}

/** Times of rows that follow each other: events that were appended at once have the same. */
function instants(): (timestamp: Buffer) => Instant {
  let last: Buffer | null = null;
  let instant = instantFromMs(EPOCH_MS);
  return (timestamp) => {
    if (last?.equals(timestamp) === true) return instant;
    last = timestamp;
    instant = instantFromMs(Number(timestamp.readBigInt64BE() / 1000n) + EPOCH_MS);
    return instant;
  };
}
