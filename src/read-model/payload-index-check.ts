/**
 * The payload index made again from the rows and compared with what is stored. What is missing there would be missing in
 * answers; a term that no entry of a segment has is not looked for: whatever it proposes is checked against the recorded
 * bytes (filter-match.ts).
 */
import { setImmediate as pause } from 'node:timers/promises';
import type pg from 'pg';
import type { IndexDifference, PayloadIndexCheck } from '../ledger/deep-stores.js';
import { finding } from '../ledger/finding.js';
import { readCount, type EntryRow } from '../ledger/row.js';
import { bigintArray } from '../postgres/binary-array.js';
import { milliseconds } from './entry-columns.js';
import { addPlaces, type SegmentPlaces } from './payload-index.js';
import { encodePlaces, SEGMENT } from './places.js';
import type { SchemaName } from './schema-name.js';

/** Rows between two turns of others. */
const ROWS_AT_ONCE = 64;

/** A segment as its rows give it. */
class Segment {
  rows = 0;
  readonly number: number;
  readonly places: SegmentPlaces = new Map();
  readonly recorded = new Span();
  readonly occurred = new Span();

  constructor(number: number) {
    this.number = number;
  }

  add(row: EntryRow, place: number): void {
    this.rows++;
    addPlaces(this.places, row, place);
    this.recorded.add(row.recordedAt);
    this.occurred.add(row.occurredAt);
  }
}

/** The first and last of times. */
class Span {
  from: number | null = null;
  to: number | null = null;

  add(time: string | null): void {
    if (time === null) return;
    const at = Number(time);
    this.from = Math.min(this.from ?? at, at);
    this.to = Math.max(this.to ?? at, at);
  }
}

/** Rejections are node-postgres' own. */
export function payloadIndexCheck(pool: pg.Pool, schema: SchemaName): PayloadIndexCheck {
  let segment: Segment | null = null;
  return {
    async rows(rows) {
      const differences: IndexDifference[] = [];
      for (const [n, row] of rows.entries()) {
        if (n % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) await pause();
        const index = readCount(row.index);
        if (index === null) continue;
        const number = Math.floor(index / SEGMENT);
        if (segment?.number !== number) segment = new Segment(number);
        segment.add(row, index % SEGMENT);
        // one that lacks an entry is not what was indexed: the missing entry is the finding
        if (index % SEGMENT !== SEGMENT - 1 || segment.rows !== SEGMENT) continue;
        differences.push(...(await check(pool, schema, segment)));
        segment = null;
      }
      return differences;
    },
  };
}

interface StoredSegment {
  readonly covered: boolean;
  readonly there: boolean;
  readonly recordedFrom: string | null;
  readonly recordedTo: string | null;
  readonly occurredFrom: string | null;
  readonly occurredTo: string | null;
}

async function check(
  pool: pg.Pool,
  schema: SchemaName,
  segment: Segment,
): Promise<readonly IndexDifference[]> {
  const stored = await readSegment(pool, schema, segment.number);
  if (stored?.covered !== true) return [];
  const index = segment.number * SEGMENT;
  const wrong = (detail: string): readonly IndexDifference[] => [
    {
      finding: finding({ index }, { code: 'payload-index-mismatch', store: 'ledger', detail }),
      range: { fromIndex: index, toIndex: index + SEGMENT },
    },
  ];
  const of = `the payload index of entries ${index} to ${index + SEGMENT - 1}`;
  if (!stored.there) return wrong(`${of} is missing`);
  const { recorded, occurred } = segment;
  const times: readonly (readonly [string | null, number | null])[] = [
    [stored.recordedFrom, recorded.from],
    [stored.recordedTo, recorded.to],
    [stored.occurredFrom, occurred.from],
    [stored.occurredTo, occurred.to],
  ];
  if (times.some(([found, expected]) => (found === null ? null : Number(found)) !== expected)) {
    return wrong(`${of} states other times than theirs`);
  }
  const different = await countDifferent(pool, schema, segment);
  if (different === 0) return [];
  return wrong(`${of}: ${different} of ${segment.places.size} terms are missing or name other places`);
}

async function readSegment(
  pool: pg.Pool,
  schema: SchemaName,
  number: number,
): Promise<StoredSegment | undefined> {
  const { rows } = await pool.query<StoredSegment>({
    name: `stored segment ${schema}`,
    text: `SELECT coalesce((SELECT max(segment) FROM ${schema}.segment) >= $1, false) AS covered,
        s.segment IS NOT NULL AS there,
        ${milliseconds('s.recorded_from')} AS "recordedFrom", ${milliseconds('s.recorded_to')} AS "recordedTo",
        ${milliseconds('s.occurred_from')} AS "occurredFrom", ${milliseconds('s.occurred_to')} AS "occurredTo"
      FROM (VALUES (1)) AS one (row) LEFT JOIN ${schema}.segment AS s ON s.segment = $1`,
    values: [number],
  });
  return rows[0];
}

async function countDifferent(
  pool: pg.Pool,
  schema: SchemaName,
  { number, places: expected }: Segment,
): Promise<number> {
  const { rows } = await pool.query<{ term: string; places: Buffer }>({
    name: `stored terms ${schema}`,
    text: `SELECT term::text AS term, places FROM ${schema}.term
      WHERE segment = $1 AND term = ANY ($2::bigint[])`,
    values: [number, bigintArray([...expected.keys()])],
  });
  const same = rows.filter(({ term, places }) =>
    encodePlaces(expected.get(BigInt(term)) ?? []).equals(places),
  );
  return expected.size - same.length;
}
