/** The head as readers see it. Rejections are node-postgres' own. */
import type pg from 'pg';
import { isInstant } from '../ledger/time.js';
import type { Head, Instant, Position } from '../ledger/types.js';
import type { LedgerStats } from './port.js';
import type { SchemaName } from './schema-name.js';
import { readHead } from './state.js';
import type { Tally } from './tally.js';

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
    text: `SELECT h.size, encode(h.hash, 'hex') AS hash, h.position,
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

export async function currentStats(
  client: pg.ClientBase | pg.Pool,
  schema: SchemaName,
  tally: Tally,
): Promise<LedgerStats> {
  const { rows } = await client.query<Record<'size' | 'sources' | 'rejected' | 'duplicate', string>>({
    name: `stats ${schema}`,
    text: `SELECT size, sources, rejected, duplicate FROM ${schema}.head
      CROSS JOIN (SELECT count(*) AS sources FROM ${schema}.source) AS s
      CROSS JOIN (
        SELECT count(*) FILTER (WHERE verdict = 'rejected') AS rejected,
          count(*) FILTER (WHERE verdict = 'duplicate') AS duplicate
        FROM ${schema}.entry WHERE verdict <> 'accepted'
      ) AS v`,
  });
  const { size, sources, rejected, duplicate } = rows[0] ?? {};
  const [events, others] = [Number(size ?? 0), Number(rejected ?? 0) + Number(duplicate ?? 0)];
  return {
    events,
    sources: Number(sources ?? 0),
    verdicts: {
      accepted: events - others,
      rejected: Number(rejected ?? 0),
      duplicate: Number(duplicate ?? 0),
    },
    tally: await tally.upTo(events),
  };
}
