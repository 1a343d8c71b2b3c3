/**
 * Whether the log still is the one that the ledger was made from. A log accepts any position to resume from, also
 * one that another log gave out; only the events at known places tell a restored backup or another ledger's log.
 */
import type { EventLog } from '../event-log/port.js';
import { contentHash } from '../ledger/entry.js';
import { checkEntry } from '../ledger/entry-check.js';
import { LedgerError } from '../ledger/error.js';
import type { Entry, Index, Instant, StreamEvent } from '../ledger/types.js';
import type { Leadership, LedgerState } from '../read-model/port.js';
import type { Alarms } from './status.js';

export interface Comparison {
  readonly log: EventLog;
  readonly ledger: Pick<Leadership, 'entry'>;
  readonly alarms: Alarms;
  readonly now: () => Instant;
}

/** How many entries are passed over that the log does not show, before it is given up. */
const FARTHEST = 1_000;

/**
 * Compare the events of entry 0 and of the head entry with what stands at their places in the log. A place that the log
 * hides is an alarm; the next entry inwards is compared in its stead.
 * The head's position, from which the log is read on, must be that of its entry's event: nothing between is passed over.
 * @throws LedgerError `log-diverged` naming the place that holds another event or none
 */
export async function requireSameLog(comparison: Comparison, state: LedgerState): Promise<void> {
  const { size } = state.head;
  if (size === 0) return;
  const end = Math.min(size, FARTHEST);
  const upwards = Array.from({ length: end }, (_, step) => step);
  const oldest = await requireFirstReadable(comparison, upwards);
  const newest = await requireFirstReadable(
    comparison,
    upwards.map((step) => size - 1 - step),
  );
  if (newest !== null) requirePosition(comparison, state, newest);
  if (oldest === null || newest === null) raiseNotCompared(comparison, end);
}

function raiseNotCompared({ alarms, now }: Comparison, entries: number): void {
  alarms.raise({
    code: 'log-not-compared',
    source: null,
    since: now(),
    detail:
      `none of ${entries} entries at an end of the ledger could be compared with the log, which hides them, or has them ` +
      'under names that it cannot be asked for: a log that was replaced would not be noticed',
  });
}

function requirePosition({ log }: Comparison, { head, position }: LedgerState, newest: Readable): void {
  const place = newest.event.position;
  // a log that does not say where the event stands leaves nothing to compare
  if (place === null) return;
  const distance = position === null ? -1 : log.comparePositions(position, place);
  if (newest.index === head.size - 1 ? distance === 0 : distance > 0) return;
  throw new LedgerError(
    'log-diverged',
    `the ledger's head says position ${position ?? 'none'}, but the event of entry ${newest.index} stands at ` +
      `${place} in the log: the head was altered, or the log replaced. Nothing was written. Verify the ` +
      `ledger, and rebuild it from the log.`,
  );
}

/** The entry that was found, and its event as the log has it. */
interface Readable {
  readonly index: number;
  readonly event: StreamEvent;
}

/** @returns null when none of them can be read */
async function requireFirstReadable(
  comparison: Comparison,
  indexes: readonly number[],
): Promise<Readable | null> {
  for (const index of indexes) {
    const entry = await comparison.ledger.entry(index as Index);
    if (entry === null) throw new LedgerError('internal', `the ledger has no entry ${index} below its size`);
    const event = await comparePlace(comparison, entry);
    if (event !== null) return { index, event };
  }
  return null;
}

/** @returns null when the log does not show what stands there */
async function comparePlace({ log, alarms, now }: Comparison, entry: Entry): Promise<StreamEvent | null> {
  const { source, revision, index } = entry.header;
  // The name of such an entry is a hash: its stream cannot be asked for.
  if (source.startsWith('~')) return null;
  const found = await log.lookUp(source, revision);
  switch (found.status) {
    case 'found':
      if (isSameEvent(entry, found.event)) return found.event;
      throw diverged(entry, `the log has event ${found.event.id} there`);
    case 'absent':
      throw diverged(entry, `the log's stream ends at revision ${found.lastRevision ?? 'none'}`);
    case 'hidden': {
      const deleted = found.reason === 'deleted';
      alarms.raise({
        code: deleted ? 'stream-deleted' : 'log-truncated',
        source,
        since: now(),
        detail: `the log no longer shows revision ${revision}, which entry ${index} was made from`,
      });
      return null;
    }
  }
}

/** The same identity and the same bytes: what makes an event delivered again a redelivery. */
export function isSameEvent(entry: Entry, event: StreamEvent): boolean {
  return entry.header.id === event.id && entry.header.content === contentHash(event.data, event.metadata);
}

/** The event at an entry's place is not the entry's: one of the two was changed, and the entry's hashes tell which. */
export function diverged(entry: Entry, difference: string): LedgerError {
  const { index, id, source, revision } = entry.header;
  const { data, metadata, header, hash } = entry;
  if (checkEntry({ header, hash, content: { data, metadata } }).differences.length > 0) {
    return new LedgerError(
      'log-diverged',
      `entry ${index} was altered in the ledger: its own hashes do not hold, and ${difference}. Nothing was written. ` +
        'Verify the ledger, and rebuild it from the log.',
    );
  }
  return new LedgerError(
    'log-diverged',
    `entry ${index} was made from event ${id} at revision ${revision} of source ${JSON.stringify(source)}, but ` +
      `${difference}: the log was replaced or restored from an older backup, or the ledger was written anew. Nothing was ` +
      `written. Verify the ledger; restore the log that it was made from, or keep this ledger as it is and begin another one.`,
  );
}
