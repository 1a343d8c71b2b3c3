/**
 * Cursors: where the next page begins, opaque to clients. A cursor carries a check over the query that it was given
 * out for, so that it cannot continue another one unnoticed; it is no secret and grants nothing. Anyone can make one, so
 * its place is looked at like any other input.
 */
import { createHash } from 'node:crypto';
import type { Principal } from '../access/principal.js';
import { nameProblem } from '../ledger/name.js';
import type { Parameters } from './parameters.js';
import { wholeNumber } from './parameters.js';
import { refusal } from './problem.js';

const CHECK_BYTES = 12;

/** Parameters that a client may change from page to page. */
const FREE: ReadonlySet<string> = new Set(['cursor', 'limit']);

/**
 * @param place where the next page begins, as the route understands it
 * @param query the route and its parameters
 */
export function writeCursor(place: string, query: CursorQuery): string {
  return Buffer.concat([checkOf(place, query), Buffer.from(place)]).toString('base64url');
}

/** What a place is, on the routes that give out cursors. */
const PLACES: ReadonlyMap<string, (place: string) => boolean> = new Map([
  ['/v1/events', (place) => wholeNumber(place) !== null],
  ['/v1/sources', (place) => nameProblem(place) === null || /^~sha256:[0-9a-f]{64}$/.test(place)],
]);

/** @throws ProblemError `invalid-cursor` when it was not given out for this query, or for no place that there can be */
export function readCursor(cursor: string, query: CursorQuery): string {
  const bytes = /^[\w-]+$/.test(cursor) ? Buffer.from(cursor, 'base64url') : Buffer.alloc(0);
  const place = bytes.subarray(CHECK_BYTES).toString();
  const isPlace = PLACES.get(query.route)?.(place) === true;
  if (isPlace && writeCursor(place, query) === cursor) return place;
  const detail = 'was not given out for this query: begin without it, or repeat the parameters it came with';
  throw refusal('invalid-cursor', `cursor ${detail}`, {
    errors: [{ parameter: 'cursor', keyword: 'cursor', detail }],
  });
}

export interface CursorQuery {
  readonly route: string;
  readonly parameters: Parameters;
  /** who asks: nobody goes on with what another was shown */
  readonly principal: Principal;
}

function checkOf(place: string, { route, parameters, principal }: CursorQuery): Buffer {
  const bound = [...parameters]
    .filter(([name]) => !FREE.has(name))
    .map(([name, values]) => [name, [...values].sort()] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify([route, bound, principal.name, place]);
  return createHash('sha256').update(text).digest().subarray(0, CHECK_BYTES);
}
