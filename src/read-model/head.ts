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
  const { rows } = await client.query<Record<'size' | 'sources', string>>({
    name: `stats ${schema}`,
    text: `SELECT size, (SELECT count(*) FROM ${schema}.source) AS sources FROM ${schema}.head`,
  });
  const events = Number(rows[0]?.size ?? 0);
  const { verdicts, ...counts } = await tally.upTo(events);
  return {
    events,
    sources: Number(rows[0]?.sources ?? 0),
    verdicts: counts.counted === events ? verdicts : await countVerdicts(client, schema, events),
    tally: counts,
  };
}

/** Through the index on what was not accepted, which is as large as that is much. */
async function countVerdicts(
  client: pg.ClientBase | pg.Pool,
  schema: SchemaName,
  size: number,
): Promise<LedgerStats['verdicts']> {
  const { rows } = await client.query<{ rejected: number; duplicate: number }>({
    name: `verdicts ${schema}`,
    text: `SELECT count(*) FILTER (WHERE verdict = 'rejected')::float8 AS rejected,
        count(*) FILTER (WHERE verdict = 'duplicate')::float8 AS duplicate
      FROM ${schema}.entry WHERE verdict <> 'accepted' AND index < $1`,
    values: [size],
  });
  const { rejected = 0, duplicate = 0 } = rows[0] ?? {};
  return { accepted: size - rejected - duplicate, rejected, duplicate };
}
