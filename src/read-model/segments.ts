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

/**
 * The ledger's size, the number of segments that the index covers, and, rising, the runs of them that may hold entries
 * of the filters' times.
 */
export async function coveredRuns(
  pool: pg.Pool,
  schema: SchemaName,
  filters: EventFilters,
): Promise<{ readonly size: number; readonly covered: number; readonly runs: readonly Run[] }> {
  const parameters = new Parameters();
  const conditions = timeConditions(filters, parameters);
  const { rows } = await pool.query<{ size: string; covered: number; segments: number[] | null }>({
    name: `covered runs ${schema} ${boundsIn(filters)}`,
    text: `SELECT size, (SELECT coalesce(max(segment) + 1, 0) FROM ${schema}.segment) AS covered,
        ${conditions.length === 0 ? 'NULL' : segmentsWhere(schema, conditions)} AS segments
      FROM ${schema}.head`,
    values: parameters.values,
  });
  const { size = '0', covered = 0, segments = null } = rows[0] ?? {};
  return {
    size: Number(size),
    covered,
    runs: segments === null ? [{ from: 0, to: covered }] : toRuns(segments),
  };
}

/** Which bounds of times there are: each combination is a statement of its own. */
function boundsIn({ since, until, occurredSince, occurredUntil }: EventFilters): string {
  return [since, until, occurredSince, occurredUntil].map((bound) => (bound === null ? '-' : '+')).join('');
}

function segmentsWhere(schema: SchemaName, conditions: readonly string[]): string {
  return `(SELECT coalesce(array_agg(segment ORDER BY segment), '{}') FROM ${schema}.segment
    WHERE ${conditions.join(' AND ')})`;
}

function timeConditions(filters: EventFilters, parameters: Parameters): readonly string[] {
  const { since, until, occurredSince, occurredUntil } = filters;
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
  { since, until, occurredSince, occurredUntil }: EventFilters,
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

/** A range of so much of the ledger leaves out too little to look for what it leaves out. */
const WIDE = 0.75;

/** The filters without the ranges of times that leave out hardly anything. */
export function withoutWide(filters: EventFilters, { recorded, occurred }: TimeShares): EventFilters {
  return {
    ...filters,
    ...((recorded ?? 0) >= WIDE ? { since: null, until: null } : {}),
    ...((occurred ?? 0) >= WIDE ? { occurredSince: null, occurredUntil: null } : {}),
  };
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
