/** One leadership: from the head as the database has it, along the log, until something ends it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { EventLog, LogBatch } from '../event-log/port.js';
import { LedgerError } from '../ledger/error.js';
import type { Instant } from '../ledger/types.js';
import type { Leadership, LedgerBatch } from '../read-model/port.js';
import type { CompiledSchemas } from '../schemas/compiled-schemas.js';
import { alarmOf, type Alarms } from './alarms.js';
import type { Counting } from './counting.js';
import type { Pace } from './pace.js';
import type { PayloadIndexing } from './payload-indexing.js';
import { Preparation, type Delivered } from './preparation.js';
import { PortionReader } from './reading.js';
import { requireSameLog } from './same-log.js';

export interface FollowingParts {
  readonly log: EventLog;
  readonly ledger: Leadership;
  readonly alarms: Alarms;
  readonly counting: Counting;
  readonly now: () => Instant;
  readonly compiled: CompiledSchemas;
  readonly pace: Pace;
  readonly indexing: PayloadIndexing;
  readonly stopping: AbortSignal;
  /** the log is the ledger's, and is being read */
  readonly began: () => void;
  /** a batch was committed, or the ledger has all that the log has */
  readonly advanced: () => void;
  /** the log dropped the subscription for a slow consumer, and it goes on */
  readonly fellBehind: () => void;
}

const PATIENCE_MS = 500;

/** So many events at once come from more than one or two producers. */
const CROWD = 8;

interface Upcoming {
  readonly portion: LogBatch;
  readonly delivered: Delivered;
}

/**
 * Every batch is prepared while the one before is committed and the one after is read, and never further ahead: when a
 * commit fails, what was prepared after it is thrown away. Alarms are kept before the commit of what follows them in the
 * log: they are delivered again until then. Resolves when stopping.
 * @throws LedgerError `log-diverged`, or whatever failed; the ledger is as the last commit left it
 */
export async function follow(parts: FollowingParts): Promise<void> {
  const { log, ledger, alarms, counting, stopping, pace, indexing } = parts;
  alarms.forget();
  const state = await ledger.state();
  await requireSameLog(parts, state);
  const preparation = await Preparation.begin(parts, state);

  const failed = new AbortController();
  const signal = AbortSignal.any([stopping, ledger.lost, failed.signal]);
  const fellBehind = (): void => {
    counting.interrupted('slow-consumer');
    parts.fellBehind();
  };
  const reader = new PortionReader(log.subscribe({ after: state.position, signal, fellBehind }));
  const read = async (): Promise<LogBatch | null> => {
    try {
      const portion = await reader.next(pace.limits);
      if (portion !== null || signal.aborted) return portion;
      throw new LedgerError('log-unavailable', 'the subscription to the event log has ended');
    } catch (error) {
      if (!signal.aborted) counting.interrupted('other');
      throw error;
    }
  };
  const next = async (): Promise<Upcoming | null> => {
    const portion = await read();
    return portion === null ? null : { portion, delivered: await preparation.lookUp(portion.events) };
  };
  const commit = async (batch: LedgerBatch): Promise<void> => {
    const began = performance.now();
    await ledger.commit(batch);
    counting.committed(batch.entries, (performance.now() - began) / 1_000);
  };
  let committing: Promise<void> = Promise.resolve();
  try {
    parts.began();
    let upcoming = next();
    for (;;) {
      const current = await upcoming;
      if (current === null || signal.aborted) break;
      upcoming = next();
      // it is thrown when its turn comes
      upcoming.catch(() => undefined);
      const { portion, delivered } = current;
      if (!portion.live) indexing.busy();
      for (const record of portion.administration ?? []) alarms.raise(alarmOf(record));
      const batch = portion.events.length === 0 ? null : await preparation.next(delivered);
      await committing;
      committing = alarms.keep(ledger).then(async () => {
        if (batch !== null) await commit(batch);
        if (batch !== null || portion.live) parts.advanced();
      });
      // a failure is thrown where it is awaited; meanwhile nothing more is read
      committing.catch(() => failed.abort());
      if (portion.live) indexing.calm(portion.events.length >= CROWD);
    }
  } finally {
    failed.abort();
    indexing.stop();
    await reader.close();
    // whoever stops does not wait for a store that hangs: the commit is durable or it is not
    await (stopping.aborted ? Promise.race([committing, delay(PATIENCE_MS)]) : committing);
  }
  if (!stopping.aborted) {
    throw new LedgerError('store-unavailable', 'the session that holds the projector lock was lost');
  }
}
