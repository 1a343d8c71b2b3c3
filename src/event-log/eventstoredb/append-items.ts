/** What is asked of the items of a request: which are open, what they weigh, what must be looked through for them. */
import type { EventId, StreamEvent } from '../../ledger/types.js';
import { isWellFormed } from '../../ledger/utf8.js';
import type { AppendOutcome, Candidate } from '../port.js';
import type { Item } from './append-call.js';
import type { Search } from './stream-identities.js';

/** No server takes an event of so many bytes, and none must be bothered with it. */
const LARGEST_EVENT = 16 * 1024 * 1024;

/** Candidates that no server takes have their outcome at once. */
export function refuseAtOnce(item: Item): boolean {
  const { candidate } = item;
  const bytes = bytesOf(candidate);
  const reason = !isWellFormed(candidate.type)
    ? 'the type is not well-formed text'
    : bytes > LARGEST_EVENT
      ? `data, metadata and type have ${bytes} bytes together; the log takes ${LARGEST_EVENT} at most`
      : null;
  if (reason !== null) noteAll([item], reason);
  return reason !== null;
}

export function isSame(event: StreamEvent, candidate: Candidate | undefined): boolean {
  return (
    event.id === candidate?.id &&
    event.data.equals(candidate.data) &&
    event.metadata.equals(candidate.metadata)
  );
}

export function noteAll(items: readonly Item[], reason: string): void {
  const refused: AppendOutcome = { status: 'refused', reason };
  for (const { call, at } of items) call.note(at, refused);
}

export function isOpen({ call, at }: Item): boolean {
  return !call.settled && call.isOpen(at);
}

export function bytesOf({ type, data, metadata }: Candidate): number {
  return Buffer.byteLength(type) + data.length + metadata.length;
}

export function firstOfEachId(items: readonly Item[]): readonly Item[] {
  const seen = new Set<EventId>();
  return items.filter(({ candidate: { id } }) => !seen.has(id) && seen.add(id));
}

/** What the calls together want looked through. */
export function searchFor(items: readonly Item[]): Search {
  const said = items.map(({ call }) => call.since);
  const since = said.reduce(
    (lowest, one) => (lowest === null || (one !== null && one < lowest) ? one : lowest),
    null,
  );
  return { since, newest: said.includes(null) };
}
