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

/** Entries that are looked at one by one rather than looked for by what else they have. */
const FEW = 1_000;

/** Whether the times of occurrence that are asked for leave few entries: the index on them knows at once. */
export async function areFewOfTime(
  pool: pg.Pool,
  schema: SchemaName,
  { occurredSince, occurredUntil }: EventFilters,
): Promise<boolean> {
  const { rows } = await pool.query<{ count: number }>({
    name: `few of time ${schema}`,
    text: `SELECT count(*)::integer AS count FROM (
        SELECT FROM ${schema}.entry
        WHERE occurred_at >= coalesce($1::timestamptz, '-infinity') AND occurred_at < coalesce($2::timestamptz, 'infinity')
        LIMIT ${FEW + 1}
      ) AS e`,
    values: [occurredSince, occurredUntil],
  });
  return (rows[0]?.count ?? Infinity) <= FEW;
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
