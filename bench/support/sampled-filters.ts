/** Filters to query a ledger with: made of what entries taken at random from all of it have, whatever events it holds. */
import type { Json } from '../../src/ledger/types.js';
import type { Caller } from './caller.js';

/** Parameters of `GET /v1/events`. */
export type Filter = readonly (readonly [name: string, value: string])[];

/** By what they compare. */
export type Filters = ReadonlyMap<string, Filter>;

interface Line {
  readonly entry: {
    readonly source: string;
    readonly type: string;
    readonly verdict: string;
    readonly actor: string | null;
    readonly recordedBy: string | null;
    readonly recordedAt: string;
    readonly occurredAt: string | null;
  };
  readonly metadata?: { readonly subject?: string };
  readonly payload?: Json;
}

/** Filters that no entry fits: the whole index is looked through before that is known. */
export const FITTING_NOTHING: Filters = new Map<string, Filter>([
  ['source, none', [['source', 'nobody reports as this']]],
  ['actor, none', [['actor', 'nobody']]],
  ['verdict, none', [['verdict', 'duplicate']]],
  ['payload path, none', [['payload.no.such.member', 'value']]],
  ['since, none', [['since', '9999-01-01T00:00:00Z']]],
  ['until, none', [['until', '0001-01-01T00:00:00Z']]],
  ['occurredSince, none', [['occurredSince', '9999-01-01T00:00:00Z']]],
  ['occurredUntil, none', [['occurredUntil', '0001-01-01T00:00:00Z']]],
]);

/** What can be asked for so that the entry at an index is among the answers. */
export async function filtersOf(caller: Caller, index: number): Promise<Filters> {
  const { body } = await caller.get(`/v1/entries/${index}`);
  const { entry, metadata, payload } = JSON.parse(body) as Line;
  const filters = new Map<string, Filter>();
  const add = (name: string, value: string | null | undefined): void => {
    if (typeof value === 'string') filters.set(name, [[name, value]]);
  };
  for (const name of ['source', 'type', 'actor', 'recordedBy', 'verdict'] as const) add(name, entry[name]);
  add('subject', metadata?.subject);
  addTimes(filters, ['since', 'until'], entry.recordedAt);
  if (entry.occurredAt !== null) addTimes(filters, ['occurredSince', 'occurredUntil'], entry.occurredAt);
  const leaves = payload === undefined ? [] : leavesOf(payload);
  const leaf = leaves[index % leaves.length];
  if (leaf !== undefined) addPayload(filters, leaf);
  return filters;
}

/** How far a range of times reaches to both sides of an entry's. */
const AROUND_MS = 30_000;

function addTimes(
  filters: Map<string, Filter>,
  [since, until]: readonly [string, string],
  time: string,
): void {
  const at = (ms: number): string => new Date(Date.parse(time) + ms).toISOString();
  filters.set(since, [[since, time]]);
  filters.set(until, [[until, at(1)]]);
  filters.set(`${since} and ${until}`, [
    [since, at(-AROUND_MS)],
    [until, at(AROUND_MS)],
  ]);
}

interface Leaf {
  readonly tokens: readonly string[];
  readonly value: string;
}

function addPayload(filters: Map<string, Filter>, { tokens, value }: Leaf): void {
  const pointer = tokens.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  filters.set('payload pointer', [[`payload:${pointer}`, value]]);
  const isPath = tokens.length > 0 && tokens.every((token) => token !== '' && !token.includes('.'));
  if (isPath) filters.set('payload path', [[`payload.${tokens.join('.')}`, value]]);
}

/** Longer values are not what one asks for, and URLs end somewhere. */
const LONGEST_VALUE = 200;

function leavesOf(payload: Json, tokens: readonly string[] = []): readonly Leaf[] {
  if (typeof payload === 'object' && payload !== null) {
    return Object.entries(payload as Readonly<Record<string, Json>>).flatMap(([token, value]) =>
      leavesOf(value, [...tokens, token]),
    );
  }
  const value = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return value === '' || value.length > LONGEST_VALUE ? [] : [{ tokens, value }];
}

export function pathOf(filter: Filter): string {
  const query = new URLSearchParams([...filter] as [string, string][]);
  return `/v1/events?${query.toString()}`;
}
