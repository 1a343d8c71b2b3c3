/** Events as programs report them, and the bytes that they are sent as. */
import { v7 as uuidv7 } from 'uuid';

/** What happened, as its producer says (docs/api.md). */
export interface EventDraft {
  /** who reports: one stream of the ledger */
  readonly source: string;
  /** what happened; its schema, if there is one, judges the payload */
  readonly type: string;
  /** any JSON */
  readonly payload: unknown;
  /** makes it the same event however often it is sent; a UUIDv7 is made where there is none */
  readonly id?: string;
  /** when it happened: RFC 3339 with an offset, or a Date */
  readonly timestamp?: string | Date;
  readonly actor?: string;
  readonly subject?: string;
  /** what is known of the circumstances: any JSON of at most 32 levels */
  readonly context?: unknown;
}

/** An event that has an id, and so is recorded once however often it is sent. */
export interface IdentifiedEvent extends EventDraft {
  readonly id: string;
}

export function identified(draft: EventDraft): IdentifiedEvent {
  return { ...draft, id: draft.id ?? uuidv7() };
}

const encoder = new TextEncoder();

/**
 * One line of JSON, without its line feed.
 * @throws TypeError for what JSON cannot hold: a bigint, a cycle, a payload that is undefined
 */
export function encodeEvent(event: IdentifiedEvent): Uint8Array<ArrayBuffer> {
  if (event.payload === undefined) throw new TypeError('payload: undefined is no JSON; null is');
  return encoder.encode(JSON.stringify(event, finite));
}

/** What JSON.stringify would make null of without a word: the ledger would keep what nobody said. */
function finite(name: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isFinite(value)) return value;
  throw new TypeError(`${name}: ${value} is no JSON`);
}
