/** How far the payload index reaches, and where in it entries of a time can be. */
import type pg from 'pg';
import type { EventFilters } from '../ledger/filters.js';
import { Parameters } from './conditions.js';
import type { SchemaName } from './schema-name.js';

/** from ≤ x < to */
export interface Run {
  readonly from: number;
  readonly to: number;
}

/** Segments between two runs that are looked at rather than passed over, to have fewer runs. */
const GAP = 8;

/** Ranges of times that a query asks for. */
export type TimeRanges = Pick<EventFilters, 'since' | 'until' | 'occurredSince' | 'occurredUntil'>;

/**
 * The ledger's size, the number of segments that the index covers, and, rising, the runs of them that may hold entries
 * of the times.
 * @param narrow ranges whose segments are looked for one by one
 * @param wide ranges that have nearly all segments: nothing but the first and the last of these is looked for
 */
export async function coveredRuns(
  pool: pg.Pool,
  schema: SchemaName,
  { narrow, wide }: PartedTimes,
): Promise<{ readonly size: number; readonly covered: number; readonly runs: readonly Run[] }> {
  const parameters = new Parameters();
  const each = timeConditions(narrow, parameters);
  const ends = timeConditions(wide, parameters);
  const { rows } = await pool.query<{
    size: string;
    covered: number;
    segments: number[] | null;
    first: number | null;
    last: number | null;
  }>({
    name: `covered runs ${schema} ${boundsIn(narrow)} ${boundsIn(wide)}`,
    text: `SELECT size, (SELECT coalesce(max(segment) + 1, 0) FROM ${schema}.segment) AS covered,
        ${segmentsWhere(schema, "coalesce(array_agg(segment ORDER BY segment), '{}')", each)} AS segments,
        ${segmentsWhere(schema, 'min(segment)', ends)} AS first,
        ${segmentsWhere(schema, 'max(segment)', ends)} AS last
      FROM ${schema}.head`,
    values: parameters.values,
  });
  const { size = '0', covered = 0, segments = null, first = null, last = null } = rows[0] ?? {};
  const runs = segments === null ? [{ from: 0, to: covered }] : toRuns(segments);
  // without a first one there is none, or it was not asked for
  const within: Run =
    ends.length === 0 ? { from: 0, to: covered } : { from: first ?? 0, to: last === null ? 0 : last + 1 };
  const clipped = runs.map((run) => clipRun(run, within)).filter(({ from, to }) => from < to);
  return { size: Number(size), covered, runs: clipped };
}

/** What of a run lies in a range; where that is nothing, it does not begin before it ends. */
export function clipRun(run: Run, range: Run): Run {
  return { from: Math.max(run.from, range.from), to: Math.min(run.to, range.to) };
}

/** Which bounds of times there are: each combination is a statement of its own. */
function boundsIn({ since, until, occurredSince, occurredUntil }: TimeRanges): string {
  return [since, until, occurredSince, occurredUntil].map((bound) => (bound === null ? '-' : '+')).join('');
}

/** What an aggregate gives of the segments for which conditions hold; NULL without conditions. */
function segmentsWhere(schema: SchemaName, aggregate: string, conditions: readonly string[]): string {
  if (conditions.length === 0) return 'NULL';
  return `(SELECT ${aggregate} FROM ${schema}.segment WHERE ${conditions.join(' AND ')})`;
}

function timeConditions(ranges: TimeRanges, parameters: Parameters): readonly string[] {
  const { since, until, occurredSince, occurredUntil } = ranges;
  return [
    ...(since === null ? [] : [`recorded_to >= ${parameters.time(since)}`]),
    ...(until === null ? [] : [`recorded_from < ${parameters.time(until)}`]),
    ...(occurredSince === null ? [] : [`occurred_to >= ${parameters.time(occurredSince)}`]),
    ...(occurredUntil === null ? [] : [`occurred_from < ${parameters.time(occurredUntil)}`]),
  ];
}

/** How much of the ledger the ranges of times cover that a query asks for, as a sample of segments tells. */
export interface TimeShares {
  /** of the ledger */
  readonly size: number;
  /** of the segments that were looked at, those that lie wholly in the range; null where none is asked for */
  readonly recorded: number | null;
  readonly occurred: number | null;
}

/** Segments that are looked at. */
const SAMPLE = 32;

export async function timeShares(
  pool: pg.Pool,
  schema: SchemaName,
  { since, until, occurredSince, occurredUntil }: TimeRanges,
): Promise<TimeShares> {
  const { rows } = await pool.query<{ size: string; recorded: number | null; occurred: number | null }>({
    name: `shares of times ${schema}`,
    text: `SELECT size, recorded, occurred FROM ${schema}.head
      CROSS JOIN (
        SELECT avg((recorded_from >= coalesce($1::timestamptz, '-infinity')
            AND recorded_to < coalesce($2::timestamptz, 'infinity'))::integer)::float8 AS recorded,
          avg((occurred_from >= coalesce($3::timestamptz, '-infinity')
            AND occurred_to < coalesce($4::timestamptz, 'infinity'))::integer)::float8 AS occurred
        FROM ${schema}.segment
        WHERE segment = ANY (ARRAY(
          SELECT n * c.covered / ${SAMPLE} FROM generate_series(0, ${SAMPLE - 1}) AS n
          CROSS JOIN (SELECT coalesce(max(segment) + 1, 0) AS covered FROM ${schema}.segment) AS c
        ))
      ) AS sample`,
    values: [since, until, occurredSince, occurredUntil],
  });
  const { size = '0', recorded = null, occurred = null } = rows[0] ?? {};
  return {
    size: Number(size),
    recorded: since === null && until === null ? null : (recorded ?? 0),
    occurred: occurredSince === null && occurredUntil === null ? null : (occurred ?? 0),
  };
}

/** A range of so much of the ledger leaves out too little to look for each segment that it leaves out. */
const WIDE = 0.75;

export interface PartedTimes {
  readonly narrow: TimeRanges;
  readonly wide: TimeRanges;
}

/** @param shares null where no time is asked for */
export function partedTimes(
  { since, until, occurredSince, occurredUntil }: TimeRanges,
  shares: TimeShares | null,
): PartedTimes {
  const isWide = (time: 'recorded' | 'occurred'): boolean => (shares?.[time] ?? 0) >= WIDE;
  const only = (recorded: boolean, occurred: boolean): TimeRanges => ({
    since: recorded ? since : null,
    until: recorded ? until : null,
    occurredSince: occurred ? occurredSince : null,
    occurredUntil: occurred ? occurredUntil : null,
  });
  const [recorded, occurred] = [isWide('recorded'), isWide('occurred')];
  return { narrow: only(!recorded, !occurred), wide: only(recorded, occurred) };
}

/** @param segments rising */
export function toRuns(segments: readonly number[]): readonly Run[] {
  const runs: { from: number; to: number }[] = [];
  for (const segment of segments) {
    const last = runs.at(-1);
    if (last !== undefined && segment <= last.to + GAP) last.to = segment + 1;
    else runs.push({ from: segment, to: segment + 1 });
  }
  return runs;
}
