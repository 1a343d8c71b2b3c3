/** Builders of recorded events and what belongs to them. */
import { canonicalBytes } from '../../src/ledger/canonical-json.js';
import { encodeMetadata } from '../../src/ledger/metadata.js';
import type { Metadata } from '../../src/ledger/metadata.js';
import type {
  EventId,
  Hash,
  Instant,
  JudgedEvent,
  Position,
  RecordedEvent,
  Revision,
  Verdict,
} from '../../src/ledger/types.js';

export function metadata(members: Partial<Metadata> = {}): Metadata {
  return {
    v: 1,
    recordedAt: '2026-11-20T10:00:01.000Z' as Instant,
    occurredAt: '2026-11-20T10:00:00.000Z' as Instant,
    recordedBy: 'admin',
    actor: 'alice',
    salt: '000102030405060708090a0b0c0d0e0f',
    ...members,
  };
}

export function recordedEvent(members: Partial<RecordedEvent> = {}): RecordedEvent {
  return {
    position: '1' as Position,
    source: 'orders',
    revision: 0 as Revision,
    id: '01920000-0000-7000-8000-000000000001' as EventId,
    type: 'order.placed',
    data: canonicalBytes({ amount: 12.5 }),
    metadata: encodeMetadata(metadata()),
    loggedAt: '2026-11-20T10:00:02.000Z' as Instant,
    ...members,
  };
}

export function judged(
  members: Partial<RecordedEvent> = {},
  verdict: Verdict = 'accepted',
  schema: Hash | null = null,
): JudgedEvent {
  return { event: recordedEvent(members), judgement: { verdict, schema } };
}
