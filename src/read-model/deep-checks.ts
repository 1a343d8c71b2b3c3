/**
 * What deep verification asks of the tables besides the rows: entries as their indexes find them. Nothing is read as an
 * entry, so that rows that hold no value of one are answers like any other. Rejections are LedgerErrors.
 */
import type pg from 'pg';
import { identityKey, type EntryIdentity, type HeadPlace, type KnownEntry } from '../ledger/deep-stores.js';
import { isUuid } from '../ledger/identity.js';
import type { Position } from '../ledger/types.js';
import { textArray, uuidArray } from '../postgres/binary-array.js';
import { isStorable } from './storable.js';
import { said } from './in-our-words.js';
import { payloadIndexCheck } from './payload-index-check.js';
import type { DeepChecks } from './port.js';
import type { SchemaName } from './schema-name.js';

export function deepChecks(pool: pg.Pool, schema: SchemaName): DeepChecks {
  const payloadIndex = payloadIndexCheck(pool, schema);
  return {
    head: () => said(headPlace(pool, schema)),
    places: {
      at: (source, revision) => said(entryAt(pool, schema, source, revision)),
      byId: (id) => said(firstWithId(pool, schema, id)),
      firsts: (identities) => said(firsts(pool, schema, identities)),
    },
    payloadIndex: { rows: (rows) => said(payloadIndex.rows(rows)) },
  };
}

async function headPlace(pool: pg.Pool, schema: SchemaName): Promise<HeadPlace> {
  const { rows } = await pool.query<{ size: string | null; position: Position | null }>({
    name: `head place ${schema}`,
    text: `SELECT size::text AS size, position FROM ${schema}.head LIMIT 1`,
  });
  return { size: Number(rows[0]?.size ?? NaN), position: rows[0]?.position ?? null };
}

interface KnownRow {
  readonly index: string;
  readonly id: string;
}

async function entryAt(
  pool: pg.Pool,
  schema: SchemaName,
  source: string,
  revision: number,
): Promise<KnownEntry | null> {
  if (!isStorable(source)) return null;
  const { rows } = await pool.query<KnownRow>({
    name: `known by place ${schema}`,
    text: `SELECT entry.index::text AS index, entry.id::text AS id FROM ${schema}.entry
      WHERE source = $1 AND revision = $2 LIMIT 1`,
    values: [source, revision],
  });
  return known(rows[0]);
}

async function firstWithId(pool: pg.Pool, schema: SchemaName, id: string): Promise<KnownEntry | null> {
  const { rows } = await pool.query<KnownRow>({
    name: `known by id ${schema}`,
    // OFFSET 0, here and below: through the index of identities, whatever the planner believes
    text: `SELECT e.index::text AS index, e.id::text AS id
      FROM (
        SELECT entry.index, entry.id FROM ${schema}.entry WHERE id = $1 AND verdict <> 'duplicate' OFFSET 0
      ) AS e ORDER BY e.index LIMIT 1`,
    values: [id],
  });
  return known(rows[0]);
}

function known(row: KnownRow | undefined): KnownEntry | null {
  return row === undefined ? null : { index: Number(row.index), id: row.id };
}

async function firsts(
  pool: pg.Pool,
  schema: SchemaName,
  identities: readonly EntryIdentity[],
): Promise<ReadonlyMap<string, number>> {
  const asked = identities.filter(({ source, id }) => isUuid(id) && isStorable(source));
  if (asked.length === 0) return new Map();
  const { rows } = await pool.query<{ n: number; index: string }>({
    name: `first entries ${schema}`,
    text: `SELECT i.n::integer AS n, e.index::text AS index
      FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS i (source, id, n)
      CROSS JOIN LATERAL (
        SELECT min(k.index) AS index FROM (
          SELECT k.index FROM ${schema}.entry AS k
          WHERE k.id = i.id AND k.source = i.source AND k.verdict <> 'duplicate' OFFSET 0
        ) AS k
      ) AS e
      WHERE e.index IS NOT NULL`,
    values: [textArray(asked.map(({ source }) => source)), uuidArray(asked.map(({ id }) => id))],
  });
  const found = new Map<string, number>();
  for (const { n, index } of rows) {
    const identity = asked[n - 1];
    if (identity !== undefined) found.set(identityKey(identity), Number(index));
  }
  return found;
}
