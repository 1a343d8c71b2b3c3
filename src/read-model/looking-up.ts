/** What the payload index proposes for a page, checked. */
import type { Entry } from '../ledger/types.js';
import { beyond, check, checkTime, type Query } from './matching.js';
import { nearestSegments, proposePlaces } from './payload-index.js';
import { SEGMENT } from './places.js';
import type { Run } from './segments.js';

/**
 * Segments that are looked up at first; then so many times more, as long as a page is not full. A statement more costs as
 * much as a hundred segments do.
 */
const FIRST_LOOK = 64;
const GROWTH = 8;

/** Terms of which an entry has at least one, for each thing that is asked for. */
type Groups = readonly (readonly string[])[];

/** How many entries may be looked at one by one before what they have is looked for otherwise. */
export interface Patience {
  left: number;
}

/**
 * What the index proposes in a range, checked.
 * @returns what is left of the range when there is no patience left, else null
 */
export async function* lookUp(
  query: Query,
  groups: Groups,
  range: Run,
  wanted: number,
  patience: Patience,
): AsyncGenerator<Entry, Run | null> {
  // what fits several filters is rarer than what fits one
  const first = groups.length > 1 ? FIRST_LOOK * GROWTH : FIRST_LOOK;
  for (const look of looks(segmentsOf(range), query.order, first)) {
    const last = yield* checkLook(query, { groups, look, range }, wanted, patience);
    if (last !== null) return beyond(last, range, query.order);
  }
  return null;
}

/** Segments that are looked up at once, at most, for many sources alone: each may hold a term for each of its entries. */
const MOST_OF_MANY = 8;

/**
 * The same for entries of any of many sources. The index is asked for the next segment of each, so that where there are
 * none of them is passed over, and a look asks for those alone that occur in it.
 * @param sources their terms
 */
export async function* lookUpSources(
  query: Query,
  groups: Groups,
  sources: readonly string[],
  range: Run,
  wanted: number,
): AsyncGenerator<Entry> {
  const { pool, schema, order } = query;
  const next = new Map<string, number>();
  const find = async (terms: readonly string[], run: Run): Promise<void> => {
    for (const [term, segment] of await nearestSegments(pool, schema, terms, run, order)) {
      next.set(term, segment);
    }
  };
  const first = Math.max(Math.floor(FIRST_LOOK / sources.length), 1);
  const most = groups.length === 0 ? Math.max(first, MOST_OF_MANY) : FIRST_LOOK;
  let left = segmentsOf(range);
  await find(sources, left);
  for (let count = first; next.size > 0; count = Math.min(2 * count, most)) {
    const look = lookAt([...next.values()], count, left, order);
    const occurring = [...next].filter(([, segment]) => segment >= look.from && segment < look.to);
    const terms = occurring.map(([term]) => term);
    yield* checkLook(query, { groups: [...groups, terms], look, range }, wanted, { left: Infinity });
    for (const term of terms) next.delete(term);
    left = order === 'asc' ? { from: look.to, to: left.to } : { from: left.from, to: look.from };
    await find(terms, left);
  }
}

/** From the nearest of these segments on. */
function lookAt(segments: readonly number[], count: number, left: Run, order: 'asc' | 'desc'): Run {
  const nearer = order === 'asc' ? Math.min : Math.max;
  const nearest = segments.reduce((a, b) => nearer(a, b));
  return order === 'asc'
    ? { from: nearest, to: Math.min(nearest + count, left.to) }
    : { from: Math.max(nearest + 1 - count, left.from), to: nearest + 1 };
}

interface Look {
  readonly groups: Groups;
  /** segments */
  readonly look: Run;
  /** of indexes */
  readonly range: Run;
}

/** @returns the last index that was looked at when there is no patience left, else null */
async function* checkLook(
  query: Query,
  { groups, look, range }: Look,
  wanted: number,
  patience: Patience,
): AsyncGenerator<Entry, number | null> {
  checkTime(query);
  const placesOf = await proposePlaces(query.pool, query.schema, groups, look.from, look.to);
  let indexes: number[] = [];
  for (const segment of segmentsIn(look, query.order)) {
    indexes.push(...indexesOf(segment, placesOf(segment), range, query.order));
    for (; indexes.length >= wanted; indexes = indexes.slice(wanted)) {
      yield* check(query, range, indexes.slice(0, wanted));
      patience.left -= wanted;
      if (patience.left <= 0) return indexes[wanted - 1] ?? null;
    }
  }
  if (indexes.length > 0) yield* check(query, range, indexes);
  patience.left -= indexes.length;
  return null;
}

/** Those that a range of indexes begins, or ends, in. */
function segmentsOf({ from, to }: Run): Run {
  return { from: Math.floor(from / SEGMENT), to: Math.ceil(to / SEGMENT) };
}

function* segmentsIn({ from, to }: Run, order: 'asc' | 'desc'): Generator<number> {
  for (let n = 0; n < to - from; n++) yield order === 'asc' ? from + n : to - 1 - n;
}

/** @param places in no order */
function indexesOf(
  segment: number,
  places: readonly number[],
  range: Run,
  order: 'asc' | 'desc',
): readonly number[] {
  return places
    .map((place) => segment * SEGMENT + place)
    .filter((index) => index >= range.from && index < range.to)
    .sort(order === 'asc' ? (a, b) => a - b : (a, b) => b - a);
}

/** Segments in ever larger groups, in the page's order. */
function* looks(segments: Run, order: 'asc' | 'desc', first: number): Generator<Run> {
  let { from, to } = segments;
  for (let count = first; from < to; count *= GROWTH) {
    if (order === 'asc') {
      yield { from, to: Math.min(from + count, to) };
      from += count;
    } else {
      yield { from: Math.max(to - count, from), to };
      to -= count;
    }
  }
}
