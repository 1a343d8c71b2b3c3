import { v7 } from 'uuid';
import { instantFromMs } from '../../ledger/time.js';
import type { AccessEvent, WaitingEvent } from '../access-event.js';

/** What happens now. Whatever is written again of it later is the same event. */
export function waiting(event: AccessEvent): WaitingEvent {
  return { ...event, id: v7(), occurredAt: instantFromMs(Date.now()) };
}
