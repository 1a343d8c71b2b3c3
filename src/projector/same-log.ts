/**
 * Whether the log still is the one that the ledger was made from. A log accepts any position to resume from, also
 * one that another log gave out; only the events at known places tell a restored backup or another ledger's log.
 */
import type { EventLog } from '../event-log/port.js';
import { contentHash } from '../ledger/entry.js';
import { LedgerError } from '../ledger/error.js';
import type { Entry, Index, Instant, RecordedEvent } from '../ledger/types.js';
import type { Leadership } from '../read-model/port.js';
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
 * @param size number of entries
 * @throws LedgerError `log-diverged` naming the place that holds another event or none
 */
export async function requireSameLog(comparison: Comparison, size: number): Promise<void> {
  if (size === 0) return;
  const end = Math.min(size, FARTHEST);
  const upwards = Array.from({ length: end }, (_, step) => step);
  await requireFirstReadable(comparison, upwards);
  if (size === 1) return;
  await requireFirstReadable(
    comparison,
    upwards.map((step) => size - 1 - step),
  );
}

async function requireFirstReadable(comparison: Comparison, indexes: readonly number[]): Promise<void> {
  for (const index of indexes) {
    const entry = await comparison.ledger.entry(index as Index);
    if (entry === null) throw new LedgerError('internal', `the ledger has no entry ${index} below its size`);
    if (await comparePlace(comparison, entry)) return;
  }
}

/** @returns false when the log does not show what stands there */
async function comparePlace({ log, alarms, now }: Comparison, entry: Entry): Promise<boolean> {
  const { source, revision, index } = entry.header;
  // The name of such an entry is a hash: its stream cannot be asked for.
  if (source.startsWith('~')) return false;
  const found = await log.lookUp(source, revision);
  switch (found.status) {
    case 'found':
      if (isSameEvent(entry, found.event)) return true;
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
      return false;
    }
  }
}

/** The same identity and the same bytes: what makes an event delivered again a redelivery. */
export function isSameEvent(entry: Entry, event: RecordedEvent): boolean {
  return entry.header.id === event.id && entry.header.content === contentHash(event.data, event.metadata);
}

export function diverged(entry: Entry, difference: string): LedgerError {
  const { index, id, source, revision } = entry.header;
  return new LedgerError(
    'log-diverged',
    `entry ${index} was made from event ${id} at revision ${revision} of source ${JSON.stringify(source)}, but ` +
      `${difference}: the log was replaced or restored from an older backup. Nothing was written. Restore the log that ` +
      `this ledger was made from, or keep this ledger as it is and begin another one.`,
  );
}
