/** From the outbox through the door: each event under the id that it waits under. */
import { ACCESS_SOURCE, type WaitingEvent } from '../../access/access-event.js';
import type { Deliver, Delivery } from '../../access/port.js';
import type { Door, OwnEvent } from '../door.js';
import type { ProblemCode } from '../status.js';
import type { Outcome } from '../recording.js';

export function deliverThrough(door: Pick<Door, 'recordOwn'>): Deliver {
  return async (events) => (await door.recordOwn(ACCESS_SOURCE, events.map(ownEvent))).map(deliveryOf);
}

function ownEvent({ id, type, payload, occurredAt, by }: WaitingEvent): OwnEvent {
  const { recordedBy, actor, context } = by;
  return { ...{ id, type, payload, occurredAt, recordedBy, actor }, ...(context && { context }) };
}

/** What will be the same whenever it is tried again. `internal`: there are no bytes to record of it. */
const FOR_EVER: ReadonlySet<ProblemCode> = new Set(['conflict', 'invalid-event', 'too-large', 'internal']);

function deliveryOf(outcome: Outcome): Delivery {
  if (outcome.status !== 'refused') return 'recorded';
  const { code, detail } = outcome.problem;
  return FOR_EVER.has(code) ? { refused: detail } : 'unavailable';
}
