/** The event log in EventStoreDB (or KurrentDB, its new name): one stream for each source, `ledger-<source>`. */
import { LedgerError } from '../../ledger/error.js';
import type { Position } from '../../ledger/types.js';
import type { EventLog, LogHealth } from '../port.js';
import { Appender } from './appender.js';
import { openConnection } from './connection.js';
import { comparePositions, parsePosition } from './position.js';
import { StreamReader } from './reading.js';
import { streamOf } from './streams.js';
import { subscription } from './subscription.js';

export interface EventStoreDbEventLogOptions {
  /** `esdb://…` */
  readonly url: string;
  /** what each call may take; default 10 s */
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 10_000;
const HEALTH_LIMIT_MS = 1_800;
/** A stream that every user of the ledger may read; that there is none is an answer, too. */
const PROBE = streamOf('_ledger');

/**
 * Nothing is connected before it is used.
 * @throws LedgerError `invalid-configuration` for a URL that is none
 */
export function openEventStoreDbEventLog(options: EventStoreDbEventLogOptions): EventLog {
  const { url, deadlineMs = DEADLINE_MS } = options;
  const connection = openConnection(url);
  const reader = new StreamReader(connection, Math.round(deadlineMs * 0.8));
  const probe = new StreamReader(connection, HEALTH_LIMIT_MS);
  const appender = new Appender({ connection, reader, deadlineMs });
  const closing = new AbortController();
  let closed: Promise<void> | null = null;

  async function open<Result>(run: () => Promise<Result>): Promise<Result> {
    requireOpen(closing.signal);
    try {
      return await run();
    } finally {
      requireOpen(closing.signal);
    }
  }

  return {
    append(source, candidates, { since } = {}) {
      if (closing.signal.aborted) return Promise.reject(wasClosed());
      return appender.append(source, candidates, since ?? null);
    },
    async *readSource(source, readOptions) {
      requireOpen(closing.signal);
      for await (const event of reader.source(source, readOptions)) {
        requireOpen(closing.signal);
        yield event;
      }
    },
    async *subscribe({ after, signal, fellBehind = () => undefined }) {
      if (after !== null) parsePosition(after);
      const ended = AbortSignal.any([signal, closing.signal]);
      const newest = async (): Promise<Position | null> => (await reader.newest())?.position ?? null;
      yield* subscription(after, { connection, newest, signal: ended, fellBehind });
    },
    newest: () => open(async () => (await reader.newest())?.position ?? null),
    backlog: (after) => open(async () => ({ events: null, oldest: await reader.oldestAfter(after) })),
    lookUp: (source, revision) => open(() => reader.lookUp(source, revision)),
    comparePositions,
    async health(): Promise<LogHealth> {
      try {
        await open(() => probe.lastRevision(PROBE));
        return { status: 'ok' };
      } catch (error) {
        return { status: 'down', detail: error instanceof Error ? error.message : String(error) };
      }
    },
    close() {
      closed ??= (async () => {
        closing.abort();
        await appender.idle();
        await connection.close();
      })();
      return closed;
    },
  };
}

function requireOpen(closing: AbortSignal): void {
  if (closing.aborted) throw wasClosed();
}

function wasClosed(): LedgerError {
  return new LedgerError('log-unavailable', 'the event log was closed');
}
