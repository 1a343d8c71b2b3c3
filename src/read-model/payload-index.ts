/**
 * The payload index: for each term and each segment of 1,024 entries, where in the segment the term occurs. Filled
 * segment by segment after the commits; what it does not cover yet is scanned.
 */
import { setImmediate as pause } from 'node:timers/promises';
import type pg from 'pg';
import type { EntryRow } from '../ledger/row.js';
import { bigintArray, byteaArray } from '../postgres/binary-array.js';
import { ENTRY_COLUMNS } from './entry-columns.js';
import { encodePlaces, hasPlace, placesIn, SEGMENT } from './places.js';
import { readRows } from './rows.js';
import type { Run } from './segments.js';
import type { SchemaName } from './schema-name.js';
import { termKey, termsOf, UNINDEXED } from './terms.js';

/** Memory stays bounded: a segment with more different terms than this has its last payloads unindexed. */
const MAX_TERMS = 131_072;

/** Rows between two looks at what else the process has to do: about a millisecond. */
const ROWS_AT_ONCE = 16;

/** The same of terms: a segment may have 25,000, which would keep commits waiting. */
const TERMS_AT_ONCE = 512;

/** Fills the index for one leadership. */
export interface PayloadIndexer {
  /**
   * Index the next whole segment, if there is one, in a transaction of its own. What was begun when the signal aborts
   * goes on with the next call, so that the index gets on however short the pauses of the projector are.
   * @returns whether a segment was finished, and so there may be another. Rejections are node-postgres' own
   */
  step(signal: AbortSignal): Promise<boolean>;
}

export function payloadIndexer(pool: pg.Pool, schema: SchemaName): PayloadIndexer {
  let work: AsyncGenerator<Progress, never> | null = null;
  return {
    async step(signal) {
      work ??= indexSegments(pool, schema);
      try {
        while (!signal.aborted) {
          const { value } = await work.next();
          if (value !== 'begun') return value === 'finished';
          await pause();
        }
        return false;
      } catch (error) {
        work = null;
        throw error;
      }
    },
  };
}

/** `begun`: more of the segment is to come; `nothing`: no segment is whole that is not indexed. */
type Progress = 'begun' | 'finished' | 'nothing';

async function* indexSegments(pool: pg.Pool, schema: SchemaName): AsyncGenerator<Progress, never> {
  for (;;) {
    const segment = await nextSegment(pool, schema);
    if (segment === null) {
      yield 'nothing';
      continue;
    }
    const places: SegmentPlaces = new Map();
    for await (const rows of rowsOfSegment(pool, schema, segment)) {
      for (const [n, row] of rows.entries()) {
        addPlaces(places, row, Number(row.index) - segment * SEGMENT);
        if (n % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) yield 'begun';
      }
    }
    // in the order of the primary key, so that neighbours go in together: a third less of the server's work
    const keys = [...BigInt64Array.from(places.keys()).sort()];
    const encoded: Buffer[] = [];
    for (const key of keys) {
      encoded.push(encodePlaces(places.get(key) ?? []));
      if (encoded.length % TERMS_AT_ONCE === 0) yield 'begun';
    }
    await insertSegment(pool, schema, segment, keys, encoded);
    yield 'finished';
  }
}

/** The first segment that is not indexed, null when it is not whole yet. */
async function nextSegment(pool: pg.Pool, schema: SchemaName): Promise<number | null> {
  const { rows } = await pool.query<{ segment: number; whole: boolean }>({
    name: `next segment ${schema}`,
    text: `SELECT n.segment, h.size >= (n.segment + 1) * ${SEGMENT}::bigint AS whole
      FROM ${schema}.head AS h
      CROSS JOIN (SELECT coalesce(max(segment) + 1, 0) AS segment FROM ${schema}.segment) AS n`,
  });
  return rows[0]?.whole === true ? rows[0].segment : null;
}

function rowsOfSegment(
  pool: pg.Pool,
  schema: SchemaName,
  segment: number,
): AsyncIterable<readonly EntryRow[]> {
  const expressions = ENTRY_COLUMNS.map(({ expression }) => expression);
  return readRows({ pool, schema, expressions }, segment * SEGMENT, (segment + 1) * SEGMENT);
}

/** Where in a segment each term occurs, by the key of the term. */
export type SegmentPlaces = Map<bigint, number[]>;

/**
 * Adds the terms of an entry. Rows come in their order, and so places rise. Two terms may have one key, by chance or because
 * somebody went looking for them: then both have the places of both, and no entry hides behind another's.
 * @param place of the entry in its segment, not below that of the entry added before
 */
export function addPlaces(all: SegmentPlaces, row: EntryRow, place: number, keyOf = termKey): void {
  const isFull = all.size >= MAX_TERMS;
  for (const term of isFull ? [...termsOf(row, null), UNINDEXED] : termsOf(row)) {
    const key = keyOf(term);
    const places = all.get(key);
    if (places === undefined) all.set(key, [place]);
    else if (places.at(-1) !== place) places.push(place);
  }
}

/**
 * Does nothing when somebody who led before us was faster.
 * @param places of each key
 */
async function insertSegment(
  pool: pg.Pool,
  schema: SchemaName,
  segment: number,
  keys: readonly bigint[],
  places: readonly Buffer[],
): Promise<void> {
  const from = segment * SEGMENT;
  await pool.query({
    name: `insert segment ${schema}`,
    text: `WITH covered AS (
        INSERT INTO ${schema}.segment (segment, recorded_from, recorded_to, occurred_from, occurred_to)
        SELECT $1, min(recorded_at), max(recorded_at), min(occurred_at), max(occurred_at)
        -- OFFSET 0: through the primary key, not through the indexes on the times in search of an end
        FROM (SELECT * FROM ${schema}.entry WHERE index >= $2 AND index < $3 OFFSET 0) AS entry
        ON CONFLICT (segment) DO NOTHING
        RETURNING segment
      )
      INSERT INTO ${schema}.term (term, segment, places)
      SELECT t.term, c.segment, t.places FROM covered AS c
      CROSS JOIN unnest($4::bigint[], $5::bytea[]) AS t (term, places)`,
    values: [...[segment, from, from + SEGMENT], bigintArray(keys), byteaArray(places)],
  });
}

/**
 * What the index knows of the segments from ≤ segment < to.
 * @returns of one of them, the places where every group has one of its terms, in no order: computed when asked for, since a
 *   page is full long before what is frequent has been gone through
 */
export async function proposePlaces(
  pool: pg.Pool,
  schema: SchemaName,
  groups: readonly (readonly string[])[],
  from: number,
  to: number,
): Promise<(segment: number) => readonly number[]> {
  const keys = groups.map((group) => group.map((term) => String(termKey(term))));
  const { rows } = await pool.query<{ segment: number; term: string; places: Buffer }>({
    name: `places ${schema}`,
    text: `SELECT segment, term, places FROM ${schema}.term
      WHERE term = ANY ($1::bigint[]) AND segment >= $2 AND segment < $3`,
    values: [[...new Set(keys.flat())], from, to],
  });
  const found = new Map<number, Map<string, Buffer>>();
  for (const { segment, term, places } of rows) {
    const terms = found.get(segment) ?? new Map<string, Buffer>();
    found.set(segment, terms.set(term, places));
  }
  return (segment) => {
    const terms = found.get(segment);
    return terms === undefined ? [] : intersect(keys.map((group) => encodedOf(group, terms)));
  };
}

/** The first segment of a range, in an order, that has the term: for each of the terms that occur in it. */
export async function nearestSegments(
  pool: pg.Pool,
  schema: SchemaName,
  terms: readonly string[],
  { from, to }: Run,
  order: 'asc' | 'desc',
): Promise<ReadonlyMap<string, number>> {
  if (terms.length === 0 || from >= to) return new Map();
  const { rows } = await pool.query<{ nth: string; segment: number }>({
    name: `nearest segments ${schema} ${order}`,
    text: `SELECT t.nth, n.segment FROM unnest($1::bigint[]) WITH ORDINALITY AS t (term, nth)
      CROSS JOIN LATERAL (
        SELECT segment FROM ${schema}.term AS s WHERE s.term = t.term AND segment >= $2 AND segment < $3
        ORDER BY segment ${order} LIMIT 1
      ) AS n`,
    values: [bigintArray(terms.map(termKey)), from, to],
  });
  return new Map(rows.map(({ nth, segment }) => [terms[Number(nth) - 1] ?? '', segment]));
}

function encodedOf(keys: readonly string[], terms: ReadonlyMap<string, Buffer>): readonly Buffer[] {
  return keys.map((key) => terms.get(key)).filter((encoded) => encoded !== undefined);
}

/** Places that each group has in one of its lists: those of the group with the shortest, looked up in the others. */
function intersect(groups: readonly (readonly Buffer[])[]): readonly number[] {
  const bytesOf = (group: readonly Buffer[]): number => group.reduce((sum, { length }) => sum + length, 0);
  const [first = [], ...others] = groups.toSorted((a, b) => bytesOf(a) - bytesOf(b));
  const places = new Set(first.flatMap((encoded) => placesIn(encoded)));
  return [...places].filter((place) =>
    others.every((group) => group.some((encoded) => hasPlace(encoded, place))),
  );
}
