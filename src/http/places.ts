/**
 * Where the parts of an event stand in the request that brought it: problems are found where nobody knows any more in
 * which form the event was sent, and name the place in that form.
 */
import { pointerOf } from '../ledger/json-pointer.js';

/** What problems are about; `metadata` is what the producer said besides all that. */
export type Part = 'event' | 'id' | 'source' | 'payload' | 'metadata';

/** A JSON Pointer into the body, or the name of a header field. */
export type Spot = { readonly pointer: string } | { readonly header: string };

export interface Places {
  /** the member of the event's document that has the payload; null where none has */
  readonly payloadMember: string | null;
  /** @param item place of the event in a batch, null for a single one */
  readonly spot: (part: Part, item: number | null) => Spot;
}

/** @param item place of the event in a batch, null for a single one: the first token of the pointer */
export function pointerTo(item: number | null, ...tokens: readonly string[]): string {
  return pointerOf(item === null ? tokens : [item, ...tokens]);
}

/** @param pointer from there on */
export function within(spot: Spot, pointer: string): Spot {
  return 'pointer' in spot ? { pointer: spot.pointer + pointer } : spot;
}

/** How a problem's detail begins; nothing for the whole of the body. */
export function nameOf(spot: Spot | { readonly parameter: string }): string {
  if ('pointer' in spot) return spot.pointer;
  return 'header' in spot ? spot.header : spot.parameter;
}
