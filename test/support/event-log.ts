/** Builders for what is appended, and events thrown straight at the embedded log, past every check of ours. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { AppendOutcome, Candidate, EventLog, LogBatch } from '../../src/event-log/port.js';
import type { EventId, Position, RecordedEvent, Revision } from '../../src/ledger/types.js';
import { asSuperuser, type TestDatabase } from './database.js';

/** A candidate with a new id; bytes may be given as text. */
export function candidate(
  parts: {
    readonly id?: string;
    readonly type?: string;
    readonly data?: Buffer | string;
    readonly metadata?: Buffer | string;
    readonly fresh?: boolean;
  } = {},
): Candidate {
  return {
    id: (parts.id ?? randomUUID()) as EventId,
    type: parts.type ?? 'user.login',
    data: Buffer.from(parts.data ?? '{"user":"ada"}'),
    metadata: Buffer.from(parts.metadata ?? '{"v":1}'),
    fresh: parts.fresh ?? false,
  };
}

export function candidates(count: number): readonly Candidate[] {
  return Array.from({ length: count }, (_, n) => candidate({ data: `{"n":${n}}` }));
}

/** Revisions of the outcomes, null where nothing was appended. */
export function revisions(outcomes: readonly AppendOutcome[]): readonly (Revision | null)[] {
  return outcomes.map((outcome) => (outcome.status === 'appended' ? outcome.revision : null));
}

/** Everything that an iteration yields. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** All events of the log after a position, up to the moment when the subscription says that it is live. */
export async function everything(
  log: EventLog,
  after: Position | null = null,
): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const batch of subscribed(log, after)) {
    events.push(...batch.events);
    if (batch.live) break;
  }
  return events;
}

/** The first so many events after a position, as a subscription delivers them. */
export async function firstOf(
  log: EventLog,
  after: Position | null,
  count: number,
  fellBehind?: () => void,
): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const batch of subscribed(log, after, fellBehind)) {
    events.push(...batch.events);
    if (events.length >= count) break;
  }
  return events;
}

/** A subscription that ends with the loop. */
export async function* subscribed(
  log: EventLog,
  after: Position | null = null,
  fellBehind: () => void = () => undefined,
): AsyncGenerator<LogBatch, void, undefined> {
  const ended = new AbortController();
  try {
    yield* log.subscribe({ after, signal: ended.signal, fellBehind });
  } finally {
    ended.abort();
  }
}

/** What another program writes: any bytes at all. */
export interface ForeignEvent {
  readonly source: Buffer | string;
  readonly type?: Buffer | string;
  /** default: a new one */
  readonly id?: string;
  readonly data?: Buffer | string;
  readonly metadata?: Buffer | string;
}

/**
 * Write events into the embedded log with plain INSERTs, in order and in one transaction, also under identities that
 * are there already.
 * @param url of any login with the group role api, or a superuser
 */
export async function throwAtLog(url: string, events: readonly ForeignEvent[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('BEGIN');
    for (const { source, type = 'foreign', id = randomUUID(), data = '{}', metadata = '' } of events) {
      await client.query(
        'INSERT INTO event_log.event (source, id, type, data, metadata) VALUES ($1, $2, $3, $4, $5)',
        [Buffer.from(source), id, Buffer.from(type), Buffer.from(data), Buffer.from(metadata)],
      );
    }
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

/** Change the bytes of a source's first event in the embedded log, as whoever has the database could. */
export function forgeEvent(database: TestDatabase, source: string, data: string): Promise<void> {
  return asSuperuser(database, async (client) => {
    for (const trigger of ['refuse_row', 'refuse_statement']) {
      await client.query(`ALTER TABLE event_log.event DISABLE TRIGGER ${trigger}`);
    }
    await client.query('UPDATE event_log.event SET data = $2 WHERE source = $1 AND revision = 0', [
      Buffer.from(source),
      Buffer.from(data),
    ]);
  });
}
