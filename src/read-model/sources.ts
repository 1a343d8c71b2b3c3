/** The ends of the sources' chains. Rejections are node-postgres' own. */
import type pg from 'pg';
import { LedgerError } from '../ledger/error.js';
import { readSourceHeadRow, type SourceHeadRow } from '../ledger/row.js';
import type { SourcePattern } from '../ledger/source-pattern.js';
import type { SourceHead } from '../ledger/types.js';
import { milliseconds } from './entry-columns.js';
import type { Logger } from './logger.js';
import type { SourcePage } from './port.js';
import type { SchemaName } from './schema-name.js';
import { isStorable } from './storable.js';
import { isWithin, patternArrays } from './within.js';

type Queryable = pg.ClientBase | pg.Pool;

/** For a SELECT that gives rows of the form SourceHeadRow. */
export const SOURCE_SELECT = `source, count, last_revision AS "lastRevision", encode(last_hash, 'hex') AS "lastHash",
  last_index AS "lastIndex",
  ${milliseconds('first_recorded_at')} AS "firstRecordedAt",
  ${milliseconds('last_recorded_at')} AS "lastRecordedAt"`;

/**
 * The heads of those of these sources that have entries. Each is compared with the source's newest entry: where the
 * cache is wrong, the head is computed from the entries, so that no wrong hash gets into the chain.
 */
export async function readSourceHeads(
  client: Queryable,
  schema: SchemaName,
  sources: readonly string[],
  logger: Logger,
): Promise<ReadonlyMap<string, SourceHead>> {
  const { rows } = await client.query<
    SourceHeadRow & { readonly name: string; readonly agrees: boolean | null }
  >({
    name: `source heads ${schema}`,
    text: `SELECT n.source AS name, h.*
      FROM unnest($1::text[]) AS n (source)
      CROSS JOIN LATERAL (
        SELECT e.revision, e.hash, e.index FROM ${schema}.entry AS e
        WHERE e.source = n.source ORDER BY e.revision DESC LIMIT 1
      ) AS newest
      LEFT JOIN LATERAL (
        SELECT ${SOURCE_SELECT},
          last_revision = newest.revision AND last_hash = newest.hash AND last_index = newest.index AS agrees
        FROM ${schema}.source AS s WHERE s.source = n.source OFFSET 0
      ) AS h ON true`,
    values: [sources.filter(isStorable)],
  });
  const heads = new Map<string, SourceHead>();
  for (const { name, agrees, ...row } of rows) {
    const read = agrees === true ? readSourceHeadRow(row) : null;
    heads.set(name, read?.ok === true ? read.head : await computeHead(client, schema, name, logger));
  }
  return heads;
}

async function computeHead(
  client: Queryable,
  schema: SchemaName,
  source: string,
  logger: Logger,
): Promise<SourceHead> {
  logger.warn({ source }, "a source's head is not that of its newest entry: computing it from the entries");
  const { rows } = await client.query<SourceHeadRow>(
    `SELECT source, count, revision AS "lastRevision", encode(hash, 'hex') AS "lastHash", index AS "lastIndex", ${milliseconds('first')} AS "firstRecordedAt",
       ${milliseconds('recorded_at')} AS "lastRecordedAt"
     FROM (
       SELECT source, revision, hash, index, recorded_at, count(*) OVER source AS count,
         first_value(recorded_at) OVER source AS first
       FROM ${schema}.entry WHERE source = $1
       WINDOW source AS (ORDER BY index RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
     ) AS e
     ORDER BY revision DESC LIMIT 1`,
    [source],
  );
  const read = rows[0] === undefined ? null : readSourceHeadRow(rows[0]);
  if (read?.ok === true) return read.head;
  throw new LedgerError(
    'internal',
    `the newest entry of the source '${source}' cannot be read: verify the ledger`,
  );
}

/** A page of the sources in the order of their names' bytes. */
export async function readSourcePage(
  client: Queryable,
  schema: SchemaName,
  page: SourcePage,
): Promise<{ readonly sources: readonly SourceHead[]; readonly next: string | null }> {
  const { names, beginnings } = patternArrays(page.within);
  const { rows } = await client.query<SourceHeadRow>({
    name: `sources ${schema}`,
    text: `SELECT ${SOURCE_SELECT} FROM ${schema}.source AS s
      WHERE s.source > $1 AND ($2 OR NOT starts_with(s.source, '_'))
        AND ${isWithin('$4::text[]', '$5::text[]')}
      ORDER BY s.source LIMIT $3`,
    values: [page.after ?? '', page.internal, page.limit + 1, names, beginnings],
  });
  const sources = rows.slice(0, page.limit).map(toSourceHead);
  return { sources, next: rows.length > page.limit ? (sources.at(-1)?.source ?? null) : null };
}

/**
 * Which sources there are within patterns, in no order.
 * @returns null when there are more than `most`
 */
export async function sourcesWithin(
  client: Queryable,
  schema: SchemaName,
  within: readonly SourcePattern[],
  most: number,
): Promise<readonly string[] | null> {
  const { names, beginnings } = patternArrays(within);
  const { rows } = await client.query<{ readonly source: string }>({
    name: `sources within ${schema}`,
    // through the index on names, which is in the order of their bytes: none goes on with the last character there is
    text: `SELECT source FROM (
        SELECT source FROM ${schema}.source WHERE source = ANY ($2::text[])
        UNION
        SELECT s.source FROM unnest($3::text[]) AS b (beginning)
        CROSS JOIN LATERAL (
          SELECT source FROM ${schema}.source
          WHERE source >= b.beginning AND source < b.beginning || chr(1114111)
            AND (b.beginning <> '' OR NOT starts_with(source, '_'))
          LIMIT $1
        ) AS s
      ) AS source LIMIT $1`,
    values: [most + 1, names, beginnings],
  });
  return rows.length > most ? null : rows.map(({ source }) => source);
}

function toSourceHead(row: SourceHeadRow): SourceHead {
  const read = readSourceHeadRow(row);
  if (read.ok) return read.head;
  throw new LedgerError(
    'internal',
    `the head of the source '${row.source ?? ''}' cannot be read (${read.finding.detail ?? ''}): verify the ledger`,
  );
}
