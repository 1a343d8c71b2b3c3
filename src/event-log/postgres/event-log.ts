/** The event log as a table in PostgreSQL (migrations/0002_event-log.sql). */
import type pg from 'pg';
import { LedgerError } from '../../ledger/error.js';
import { instantFromMs } from '../../ledger/time.js';
import type { Instant, Position, RecordedEvent, Revision } from '../../ledger/types.js';
import { createClient, createPool } from '../../postgres/pool.js';
import type { EventLog, LogBatch, LogHealth, LookUp, ReadOptions, SubscribeOptions } from '../port.js';
import { Appender } from './appender.js';
import { Bell } from './bell.js';
import { pageAfter, pageOfSource } from './page.js';
import { DEADLINE_MS, reading } from './session.js';
import { parsePosition, subscription } from './subscription.js';
import { bytesOf } from './text.js';

export interface PostgresEventLogOptions {
  /** of a login with the group role api (or, where nothing is appended, reader) */
  readonly url: string;
  /** what pg_stat_activity shows; default `event-ledger` */
  readonly applicationName?: string;
  /** connections for reading, at most; two more append, and one listens; default 6 */
  readonly maxReaders?: number;
  /** what each call may take; default 10 s */
  readonly deadlineMs?: number;
}

const HEALTH_LIMIT_MS = 1_800;
const CONNECT_LIMIT_MS = 5_000;

/** While one statement is carried out, the next one can be there. */
const WRITERS = 2;

/** Nothing is connected before it is used. */
export function openPostgresEventLog(options: PostgresEventLogOptions): EventLog {
  const { applicationName = 'event-ledger', deadlineMs = DEADLINE_MS } = options;
  const connection = {
    url: options.url,
    applicationName,
    // the server gives up first, so that it is known what became of a statement
    statementTimeoutMs: Math.round(deadlineMs * 0.8),
    connectTimeoutMs: Math.min(CONNECT_LIMIT_MS, deadlineMs),
  };
  const readPool = createPool({ ...connection, max: options.maxReaders ?? 6 });
  const writePool = createPool({ ...connection, max: WRITERS });
  const bell = new Bell(() => createClient(connection));
  const appender = new Appender({ writePool, deadlineMs });
  const closing = new AbortController();

  const query = <Result>(run: (client: pg.PoolClient) => Promise<Result>): Promise<Result> => {
    if (closing.signal.aborted) return Promise.reject(closed());
    return reading(readPool, run, deadlineMs);
  };

  return {
    append: (source, candidates) =>
      closing.signal.aborted ? Promise.reject(closed()) : appender.append(source, candidates),
    readSource: (source, readOptions = {}) => readSource(query, source, readOptions),
    subscribe: (subscribeOptions) => subscribe(query, bell, closing.signal, subscribeOptions),
    newest: () => query(newest),
    backlog: async (after) => {
      const position = requirePosition(after);
      return query((client) => backlog(client, position));
    },
    lookUp: (source, revision) => query((client) => lookUp(client, source, revision)),
    comparePositions: (a, b) => requirePosition(a) - requirePosition(b),
    health: () => health(readPool),
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      await appender.idle();
      await Promise.all([bell.close(), readPool.end(), writePool.end()]);
    },
  };
}

type Query = <Result>(run: (client: pg.PoolClient) => Promise<Result>) => Promise<Result>;

async function* readSource(
  query: Query,
  source: string,
  { from, direction, limit = Infinity }: ReadOptions,
): AsyncGenerator<RecordedEvent, void, undefined> {
  const bytes = bytesOf(source);
  const backwards = direction === 'backwards';
  let revision: number = from ?? (backwards ? Number.MAX_SAFE_INTEGER : 0);
  let left = limit;
  while (bytes !== null && left > 0 && revision >= 0) {
    const place = { revision, backwards, limit: left };
    const { events, full } = await query((client) => pageOfSource(client, bytes, place));
    yield* events;
    const last = events.at(-1);
    if (last === undefined || !full) return;
    left -= events.length;
    revision = last.revision + (backwards ? -1 : 1);
  }
}

async function* subscribe(
  query: Query,
  bell: Bell,
  closing: AbortSignal,
  { after, signal }: SubscribeOptions,
): AsyncGenerator<LogBatch, void, undefined> {
  yield* subscription(requirePosition(after), {
    read: (position) => query((client) => pageAfter(client, position)),
    bell,
    signal: AbortSignal.any([signal, closing]),
  });
}

async function newest(client: pg.ClientBase): Promise<Position | null> {
  const { rows } = await client.query<{ newest: Position | null }>(
    `SELECT max(position) AS newest FROM event_log.event`,
  );
  return rows[0]?.newest ?? null;
}

/** Positions have no gaps, so that their difference is the number. */
async function backlog(
  client: pg.ClientBase,
  after: number,
): Promise<{ readonly events: number; readonly oldest: Instant | null }> {
  const { rows } = await client.query<{ newest: string | null; oldest: string | null }>(
    `SELECT (SELECT max(position) FROM event_log.event) AS newest,
            (SELECT floor(extract(epoch FROM logged_at) * 1000) FROM event_log.event
             WHERE position > $1 ORDER BY position LIMIT 1) AS oldest`,
    [after],
  );
  const [row] = rows;
  const events = Math.max(0, Number(row?.newest ?? 0) - after);
  const oldest = row?.oldest ?? null;
  return { events, oldest: oldest === null ? null : instantFromMs(Number(oldest)) };
}

/**
 * Revisions have no gaps either and become visible in order, so that a revision that is not there below one that is,
 * seen at the same moment, was removed.
 */
async function lookUp(client: pg.ClientBase, source: string, revision: Revision): Promise<LookUp> {
  const bytes = bytesOf(source);
  if (bytes === null) return { status: 'absent', lastRevision: null };
  const next = async (from: number, backwards: boolean): Promise<RecordedEvent | undefined> => {
    const { events } = await pageOfSource(client, bytes, { revision: from, backwards, limit: 1 });
    return events[0];
  };
  const event = await next(revision, false);
  if (event?.revision === revision) return { status: 'found', event };
  if (event !== undefined) return { status: 'hidden', reason: 'deleted' };
  const last = await next(revision - 1, true);
  return { status: 'absent', lastRevision: last?.revision ?? null };
}

async function health(pool: pg.Pool): Promise<LogHealth> {
  try {
    const look = (client: pg.PoolClient): Promise<unknown> =>
      client.query(`SELECT position FROM event_log.counter`);
    await reading(pool, look, HEALTH_LIMIT_MS);
    return { status: 'ok' };
  } catch (error) {
    return { status: 'down', detail: error instanceof Error ? error.message : String(error) };
  }
}

function requirePosition(position: Position | null): number {
  const parsed = parsePosition(position);
  if (parsed === null) throw new LedgerError('invalid-input', 'no position of this event log');
  return parsed;
}

function closed(): LedgerError {
  return new LedgerError('log-unavailable', 'the event log was closed');
}
