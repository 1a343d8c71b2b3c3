/** What is found of events that belong to no entry that is still to come, and of the head that states where they end. */
import type { HeadPlace } from './deep-stores.js';
import { finding, shorten, type Difference, type Finding } from './finding.js';
import { entryName } from './name.js';
import type { RecordedEvent } from './types.js';

/**
 * An event up to the head's position that no entry was made from.
 * @param missing the index that has no entry where the event comes, null when the entries around it follow each other
 */
export function eventWithoutEntry(event: RecordedEvent, missing: number | null): Finding {
  if (missing !== null) {
    const detail = 'the ledger has no entry at the index of this event: it was removed there';
    return ofEvent(event, missing, { store: 'ledger', detail });
  }
  const detail =
    'no entry was made from it, and the entries around it follow each other: it was put into the log, ' +
    'or the ledger and its chain were written anew without it';
  return ofEvent(event, null, { store: 'log', detail });
}

/** An event whose place in the ledger was passed, and not because its entry was met out of order. */
export function eventAgain(event: RecordedEvent, index: number): Finding {
  const detail = "the log delivers an event of this entry's place after the entry was compared";
  return ofEvent(event, index, { store: 'log', detail });
}

function ofEvent(
  event: RecordedEvent,
  index: number | null,
  more: Pick<Difference, 'store' | 'detail'>,
): Finding {
  const place = { index, id: event.id, source: shorten(entryName(event.source)) };
  return finding(place, { code: 'unexpected-event', found: event.position, ...more });
}

/**
 * No hash covers the position that the projector goes on from: it must be that of the last entry's event.
 * @returns null where it is, and for any other entry
 */
export function headPositionDifference(
  { size, position }: HeadPlace,
  index: number,
  event: RecordedEvent,
): Finding | null {
  if (index !== size - 1 || position === event.position) return null;
  const detail = "the head's position is not that of its entry's event: the ledger's head was altered";
  const found = position === null ? null : shorten(position);
  return finding(
    { index },
    { code: 'head-mismatch', store: 'ledger', expected: event.position, found, detail },
  );
}
