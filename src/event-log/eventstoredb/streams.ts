/** One stream for each source, and what stands in it. */
import { LedgerError } from '../../ledger/error.js';
import type { RecordedEvent, Revision, StreamEvent } from '../../ledger/types.js';
import { isWellFormed } from '../../ledger/utf8.js';
import type { LogRecord } from './messages.js';

/** What the streams of sources begin with, so that other streams of the server stay out of the ledger. */
export const SOURCE_PREFIX = 'ledger-';

/** @throws LedgerError `invalid-input` for a source that is no well-formed text: the server would change it */
export function streamOf(source: string): string {
  if (!isWellFormed(source)) throw new LedgerError('invalid-input', 'the source is not well-formed text');
  return SOURCE_PREFIX + source;
}

/** The revision of a tombstone, which no event has. */
export const TOMBSTONE = 9_223_372_036_854_775_807n;

/** The event that a record of a source's stream is; null for a tombstone, which is administration. */
export function eventOf(record: LogRecord): StreamEvent | null {
  if (record.revision === TOMBSTONE || !record.stream.startsWith(SOURCE_PREFIX)) return null;
  const { position, id, type, data, metadata } = record;
  return {
    position,
    source: record.stream.slice(SOURCE_PREFIX.length),
    revision: Number(record.revision) as Revision,
    id,
    type,
    data,
    metadata,
    loggedAt: record.created,
  };
}

/** The same of a record that was read from $all. */
export function eventInLog(record: LogRecord): RecordedEvent | null {
  const event = eventOf(record);
  if (event === null) return null;
  const { position, ...rest } = event;
  if (position === null)
    throw new LedgerError('internal', 'EventStoreDB delivered an event without its position');
  return { position, ...rest };
}
