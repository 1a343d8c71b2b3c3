/**
 * Whether the log still is the one that the ledger was made from. A log accepts any position to resume from, also
 * one that another log gave out; only the events at known places tell a restored backup or another ledger's log.
 */
import type { EventLog } from '../event-log/port.js';
import { contentHash } from '../ledger/entry.js';
import { checkEntry } from '../ledger/entry-check.js';
import { LedgerError } from '../ledger/error.js';
import type { Entry, Index, Instant, Revision, StreamEvent } from '../ledger/types.js';
import type { Leadership, LedgerState } from '../read-model/port.js';
import type { Alarms } from './alarms.js';

export interface Comparison {
  readonly log: EventLog;
  readonly ledger: Pick<Leadership, 'entry' | 'entryAt'>;
  readonly alarms: Alarms;
  readonly now: () => Instant;
}

/** How many entries are passed over that the log does not show, before it is given up. */
const FARTHEST = 1_000;

/**
 * Compare the events of entry 0 and of the head entry with what stands at their places in the log. A place that the log
 * hides is an alarm; the next entry inwards is compared in its stead, or the first that its source still shows.
 * The head's position, from which the log is read on, must be that of its entry's event: nothing between is passed over.
 * @throws LedgerError `log-diverged` naming the place that holds another event or none
 */
export async function requireSameLog(comparison: Comparison, state: LedgerState): Promise<void> {
  const { size } = state.head;
  if (size === 0) return;
  const end = Math.min(size, FARTHEST);
  const upwards = Array.from({ length: end }, (_, step) => step);
  const shown = new Map<string, number>();
  const oldest = await requireFirstReadable(comparison, upwards, shown);
  const newest = await requireFirstReadable(
    comparison,
    upwards.map((step) => size - 1 - step),
    shown,
  );
  if (newest !== null) requirePosition(comparison, state, newest);
  if (oldest === null || newest === null) raiseNotCompared(comparison, end);
}

function raiseNotCompared({ alarms, now }: Comparison, entries: number): void {
  alarms.raise({
    code: 'log-not-compared',
    source: null,
    place: '',
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

/** For each source that hides entries, the first revision that its stream shows; Infinity for none. */
type Shown = Map<string, number>;

/** @returns null when none of them can be read, nor what the streams that hide them still show */
async function requireFirstReadable(
  comparison: Comparison,
  indexes: readonly number[],
  shown: Shown,
): Promise<Readable | null> {
  const { ledger } = comparison;
  for (const index of indexes) {
    const entry = await ledger.entry(index as Index);
    if (entry === null) throw new LedgerError('internal', `the ledger has no entry ${index} below its size`);
    const event = await comparePlace(comparison, entry, shown);
    if (event !== null) return { index, event };
  }
  for (const [source, revision] of shown) {
    const entry = revision === Infinity ? null : await ledger.entryAt(source, revision as Revision);
    const event = entry === null ? null : await comparePlace(comparison, entry, shown);
    if (entry !== null && event !== null) return { index: entry.header.index, event };
  }
  return null;
}

/** @returns null when the log does not show what stands there */
async function comparePlace(comparison: Comparison, entry: Entry, shown: Shown): Promise<StreamEvent | null> {
  const { log } = comparison;
  const { source, revision } = entry.header;
  // The name of such an entry is a hash: its stream cannot be asked for.
  if (source.startsWith('~') || revision < (shown.get(source) ?? 0)) return null;
  const found = await log.lookUp(source, revision);
  switch (found.status) {
    case 'found':
      if (isSameEvent(entry, found.event)) return found.event;
      throw diverged(entry, `the log has event ${found.event.id} there`);
    case 'absent':
      throw diverged(entry, `the log's stream ends at revision ${found.lastRevision ?? 'none'}`);
    case 'hidden': {
      raiseHidden(comparison, entry, found.reason);
      shown.set(source, found.reason === 'deleted' ? Infinity : await firstShown(log, source, revision));
      return null;
    }
  }
}

/** Once for each source: which of its events are hidden may be others every time. */
function raiseHidden({ alarms, now }: Comparison, { header }: Entry, reason: 'truncated' | 'deleted'): void {
  const { source, revision, index } = header;
  alarms.raise({
    code: reason === 'deleted' ? 'stream-deleted' : 'log-truncated',
    source,
    place: '',
    since: now(),
    detail: `the log no longer shows revision ${revision}, which entry ${index} was made from`,
  });
}

/** The first revision after one that is hidden. */
async function firstShown(log: EventLog, source: string, hidden: Revision): Promise<number> {
  const from = (hidden + 1) as Revision;
  for await (const event of log.readSource(source, { from, limit: 1 })) return event.revision;
  return Infinity;
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
