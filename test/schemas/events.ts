/** Recorded events for tests of verdicts. */
import { canonicalBytes } from '../../src/ledger/canonical-json.js';
import type { EventId, Instant, Json, Position, RecordedEvent, Revision } from '../../src/ledger/types.js';

/** An event as the log delivers it; `payload` is written canonically, `data` as it is. */
export function recorded(
  parts: {
    readonly source?: string;
    readonly type?: string;
    readonly payload?: Json;
    readonly data?: string | Buffer;
    readonly revision?: number;
  } = {},
): RecordedEvent {
  const { source = 'billing', type = 'customer.billed', payload = {}, data, revision = 0 } = parts;
  return {
    position: '1' as Position,
    source,
    revision: revision as Revision,
    id: '00000000-0000-4000-8000-000000000001' as EventId,
    type,
    data: data === undefined ? canonicalBytes(payload) : Buffer.from(data),
    metadata: Buffer.alloc(0),
    loggedAt: '2026-11-20T10:00:00.000Z' as Instant,
  };
}
