/**
 * The payload index: for each term and each segment of 1,024 entries, where in the segment the term occurs. Filled
 * segment by segment after the commits; what it does not cover yet is scanned.
 */
import { setImmediate as pause } from 'node:timers/promises';
import pg from 'pg';
import { bigintArray, byteaArray } from './binary-array.js';
import { ENTRY_COLUMNS } from './entry-columns.js';
import { addPlaces, encodePlaces, SEGMENT } from './places.js';
import { readRows } from './rows.js';
import type { SchemaName } from './schema-name.js';
import { termKey, termsOf, UNINDEXED } from './terms.js';

/** A segment with more different terms than this has its last payloads unindexed: memory stays bounded. */
const MAX_TERMS = 131_072;

/** Rows between two looks at what else the process has to do. */
const ROWS_AT_ONCE = 64;

/**
 * Index the next whole segment, if there is one. Its own transaction: losing it loses nothing.
 * @returns whether there was one, and so may be another. Rejections are node-postgres' own
 */
export async function indexNextSegment(
  pool: pg.Pool,
  schema: SchemaName,
  signal: AbortSignal,
): Promise<boolean> {
  const { rows } = await pool.query<{ segment: number; whole: boolean }>({
    name: `next segment ${schema}`,
    text: `SELECT n.segment, h.size >= (n.segment + 1) * ${SEGMENT}::bigint AS whole
      FROM ${schema}.head AS h
      CROSS JOIN (SELECT coalesce(max(segment) + 1, 0) AS segment FROM ${schema}.segment) AS n`,
  });
  const [next] = rows;
  if (next?.whole !== true) return false;
  const terms = await termsOfSegment(pool, schema, next.segment, signal);
  if (terms === null) return false;
  try {
    await insertSegment(pool, schema, next.segment, terms);
  } catch (error) {
    // somebody who led before us was faster
    if (!(error instanceof pg.DatabaseError && error.code === '23505')) throw error;
  }
  return true;
}

/** The places of each term, null when aborted. */
async function termsOfSegment(
  pool: pg.Pool,
  schema: SchemaName,
  segment: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly number[]> | null> {
  const terms = new Map<string, number[]>();
  const add = (term: string, place: number): void => {
    const places = terms.get(term);
    if (places === undefined) terms.set(term, [place]);
    else if (places.at(-1) !== place) places.push(place);
  };
  const expressions = ENTRY_COLUMNS.map(({ expression }) => expression);
  const from = segment * SEGMENT;
  let done = 0;
  for await (const rows of readRows({ pool, schema, expressions }, from, from + SEGMENT)) {
    for (const row of rows) {
      const place = Number(row.index) - from;
      for (const term of terms.size < MAX_TERMS ? termsOf(row) : termsOf({ ...row, data: null })) {
        add(term, place);
      }
      if (terms.size >= MAX_TERMS) add(UNINDEXED, place);
      done += 1;
      if (done % ROWS_AT_ONCE === 0) await pause();
      if (signal.aborted) return null;
    }
  }
  return terms;
}

async function insertSegment(
  pool: pg.Pool,
  schema: SchemaName,
  segment: number,
  terms: ReadonlyMap<string, readonly number[]>,
): Promise<void> {
  const keyed = new Map([...terms].map(([term, places]) => [termKey(term), places]));
  const from = segment * SEGMENT;
  await pool.query({
    name: `insert segment ${schema}`,
    text: `WITH covered AS (
        INSERT INTO ${schema}.segment (segment, recorded_from, recorded_to, occurred_from, occurred_to)
        SELECT $1, min(recorded_at), max(recorded_at), min(occurred_at), max(occurred_at)
        FROM ${schema}.entry WHERE index >= $2 AND index < $3
      )
      INSERT INTO ${schema}.term (term, segment, places)
      SELECT t.term, $1, t.places FROM unnest($4::bigint[], $5::bytea[]) AS t (term, places)`,
    values: [
      ...[segment, from, from + SEGMENT],
      bigintArray([...keyed.keys()].map(BigInt)),
      byteaArray([...keyed.values()].map(encodePlaces)),
    ],
  });
}

/** Where each term of these occurs in segments from ≤ segment < to: `places` of each segment that all groups have. */
export async function proposePlaces(
  pool: pg.Pool,
  schema: SchemaName,
  groups: readonly (readonly string[])[],
  from: number,
  to: number,
): Promise<ReadonlyMap<number, readonly number[]>> {
  const keys = groups.map((group) => group.map(termKey));
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
  const proposed = new Map<number, readonly number[]>();
  for (const [segment, terms] of found) {
    const places = intersect(keys.map((group) => unionOf(group, terms)));
    if (places.length > 0) proposed.set(segment, places);
  }
  return proposed;
}

function unionOf(keys: readonly string[], terms: ReadonlyMap<string, Buffer>): ReadonlySet<number> {
  const places = new Set<number>();
  for (const key of keys) {
    const encoded = terms.get(key);
    if (encoded !== undefined) addPlaces(encoded, places);
  }
  return places;
}

/** Rising. */
function intersect([first, ...others]: readonly ReadonlySet<number>[]): readonly number[] {
  const places = [...(first ?? [])].filter((place) => others.every((other) => other.has(place)));
  return places.sort((a, b) => a - b);
}
