/** Events of `_access`: what the ledger records of those who use it. Pure. */
import type { Instant, Json } from '../ledger/types.js';

export const ACCESS_SOURCE = '_access';

export type JsonObject = Readonly<Record<string, Json>>;

/** Who does something, as it is recorded. */
export interface Doer {
  /** the principal's name, from the credential; or the program's, see PROGRAM */
  readonly recordedBy: string;
  /** whom a program does it for, as far as that can be told: a claim */
  readonly actor: string | null;
  /** where it came from, such as `{ requestId, ip }` */
  readonly context: JsonObject | null;
}

/** What happened. Payloads hold no secret, and nothing that a secret is compared with. */
export interface AccessEvent {
  readonly type: string;
  readonly payload: JsonObject;
  readonly by: Doer;
}

/** One that waits for its delivery. */
export interface WaitingEvent extends AccessEvent {
  /** a UUID, under which the log recognises it when it comes again */
  readonly id: string;
  readonly occurredAt: Instant;
}

/** What the program records by itself, or for who runs one of its commands, begins so: no principal is called that. */
export const PROGRAM = 'event-ledger';

export function isProgramName(name: string): boolean {
  return name === PROGRAM || name.startsWith(`${PROGRAM} `);
}
