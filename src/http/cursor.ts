/**
 * Cursors: where the next page begins, opaque to clients. A cursor carries a check over the query that it was given
 * out for, so that it cannot continue another one unnoticed; it is no secret and grants nothing.
 */
import { createHash } from 'node:crypto';
import type { Parameters } from './parameters.js';
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

/** @throws ProblemError `invalid-cursor` when it was not given out for this query */
export function readCursor(cursor: string, query: CursorQuery): string {
  const bytes = /^[\w-]+$/.test(cursor) ? Buffer.from(cursor, 'base64url') : Buffer.alloc(0);
  const place = bytes.subarray(CHECK_BYTES).toString();
  if (bytes.length > CHECK_BYTES && writeCursor(place, query) === cursor) return place;
  const detail = 'was not given out for this query: begin without it, or repeat the parameters it came with';
  throw refusal('invalid-cursor', `cursor ${detail}`, {
    errors: [{ parameter: 'cursor', keyword: 'cursor', detail }],
  });
}

export interface CursorQuery {
  readonly route: string;
  readonly parameters: Parameters;
}

function checkOf(place: string, { route, parameters }: CursorQuery): Buffer {
  const bound = [...parameters]
    .filter(([name]) => !FREE.has(name))
    .map(([name, values]) => [name, [...values].sort()] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify([route, bound, place]);
  return createHash('sha256').update(text).digest().subarray(0, CHECK_BYTES);
}
