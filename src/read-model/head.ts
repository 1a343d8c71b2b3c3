/** The head as readers see it. Rejections are node-postgres' own. */
import type pg from 'pg';
import { isInstant } from '../ledger/time.js';
import type { Head, Instant, Position, Verdict } from '../ledger/types.js';
import type { LedgerStats } from './port.js';
import type { SchemaName } from './schema-name.js';
import { readHead } from './state.js';

interface HeadRow {
  readonly size: string | null;
  readonly hash: string | null;
  readonly position: string | null;
  readonly recordedAt: string | null;
}

export async function currentHead(
  client: pg.ClientBase | pg.Pool,
  schema: SchemaName,
): Promise<Head & { readonly recordedAt: Instant | null; readonly position: Position | null }> {
  const { rows } = await client.query<HeadRow>({
    name: `head ${schema}`,
    text: `SELECT h.size::text AS size, encode(h.hash, 'hex') AS hash, h.position,
        to_char(e.recorded_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "recordedAt"
      FROM ${schema}.head AS h LEFT JOIN ${schema}.entry AS e ON e.index = h.size - 1`,
  });
  const { position = null, recordedAt = null } = rows[0] ?? {};
  return {
    ...readHead(rows[0]),
    recordedAt: isInstant(recordedAt) ? recordedAt : null,
    position: position as Position | null,
  };
}

/** Counts that the commits keep: cheap at any size. */
export async function currentStats(
  client: pg.ClientBase | pg.Pool,
  schema: SchemaName,
): Promise<LedgerStats> {
  const { rows } = await client.query<Record<'size' | 'sources' | Verdict, string>>({
    name: `stats ${schema}`,
    text: `SELECT size, accepted, rejected, duplicate, (SELECT count(*) FROM ${schema}.source) AS sources
      FROM ${schema}.head`,
  });
  const count = (member: 'size' | 'sources' | Verdict): number => Number(rows[0]?.[member] ?? 0);
  return {
    events: count('size'),
    sources: count('sources'),
    verdicts: {
      accepted: count('accepted'),
      rejected: count('rejected'),
      duplicate: count('duplicate'),
    },
  };
}
