/** The table of events on their way into the log: its rows, and the statements that write and take them. */
import type pg from 'pg';
import { instantFromMs } from '../../ledger/time.js';
import type { JsonObject, WaitingEvent } from '../access-event.js';

/** The trigger of the table notifies it. */
export const OUTBOX_CHANNEL = 'access_outbox';

const INSERT = `
  INSERT INTO access.outbox (id, type, payload, recorded_by, actor, context, occurred_at)
  SELECT e.id, e.type, e.payload, e.recorded_by, e.actor, e.context, e.occurred_at
  FROM unnest($1::uuid[], $2::text[], $3::json[], $4::text[], $5::text[], $6::json[], $7::timestamptz[])
    WITH ORDINALITY AS e (id, type, payload, recorded_by, actor, context, occurred_at, n)
  ORDER BY e.n`;

type Connection = Pick<pg.ClientBase, 'query'>;

/** In their order. What resolved is as durable as the transaction that it is part of. */
export async function insertEvents(client: Connection, events: readonly WaitingEvent[]): Promise<void> {
  await client.query(INSERT, columnsOf(events));
}

/**
 * The same of events that may have been written before: those that are there already stay as they are. For the group api
 * alone: the conflict is with an id that the login must be allowed to read.
 */
export async function insertMissing(client: Connection, events: readonly WaitingEvent[]): Promise<void> {
  await client.query(`${INSERT} ON CONFLICT (id) DO NOTHING`, columnsOf(events));
}

function columnsOf(events: readonly WaitingEvent[]): unknown[][] {
  return [
    events.map(({ id }) => id),
    events.map(({ type }) => type),
    events.map(({ payload }) => JSON.stringify(payload)),
    events.map(({ by }) => by.recordedBy),
    events.map(({ by }) => by.actor),
    events.map(({ by }) => by.context && JSON.stringify(by.context)),
    events.map(({ occurredAt }) => occurredAt),
  ];
}

interface OutboxRow {
  readonly id: string;
  readonly type: string;
  readonly payload: JsonObject;
  readonly recorded_by: string;
  readonly actor: string | null;
  readonly context: JsonObject | null;
  readonly occurred_at: Date;
}

/** What no event can have happened at; PostgreSQL has infinite times, too, which no Date shows. */
const OCCURRED_AT = `least(greatest(occurred_at, '0001-01-01T00:00:00Z'), '9999-12-31T23:59:59.999Z')`;

/** The oldest ones. Times that none can be are the nearest that can. @param except ids of those that are of no use */
export async function readEvents(
  client: pg.ClientBase,
  most: number,
  except: readonly string[],
): Promise<readonly WaitingEvent[]> {
  const { rows } = await client.query<OutboxRow>(
    `SELECT id, type, payload, recorded_by, actor, context, ${OCCURRED_AT} AS occurred_at FROM access.outbox
     WHERE id <> ALL ($2::uuid[]) ORDER BY position LIMIT $1`,
    [most, except],
  );
  return rows.map(({ id, type, payload, recorded_by, actor, context, occurred_at }) => ({
    ...{ id, type, payload },
    by: { recordedBy: recorded_by, actor, context },
    occurredAt: instantFromMs(occurred_at.getTime()),
  }));
}

/** How many there are, as far as that is worth counting. */
export async function countEvents(client: Connection, most: number): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM (SELECT FROM access.outbox LIMIT $1) AS waiting',
    [most],
  );
  return rows[0]?.count ?? 0;
}

export async function deleteEvents(client: pg.ClientBase, ids: readonly string[]): Promise<void> {
  await client.query('DELETE FROM access.outbox WHERE id = ANY ($1::uuid[])', [ids]);
}
