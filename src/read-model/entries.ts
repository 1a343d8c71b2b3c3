/** Looking entries up: by index, by place in a source, by identity. Rejections are node-postgres' own. */
import type pg from 'pg';
import { readCount, readEntryRow, type EntryRow } from '../ledger/row.js';
import type { Entry, EventId, Index, Revision } from '../ledger/types.js';
import { textArray, uuidArray } from '../postgres/binary-array.js';
import { ENTRY_SELECT, toEntry } from './entry-columns.js';
import type { Identity, IdScope, IdentityQuestion, KnownIdentities, KnownPlace } from './port.js';
import { readRowPage } from './row-page.js';
import type { SchemaName } from './schema-name.js';
import { isStorable } from './storable.js';
import { isWithin, patternArrays } from './within.js';

type Queryable = pg.ClientBase | pg.Pool;

export async function entryByIndex(
  client: Queryable,
  schema: SchemaName,
  index: Index,
): Promise<Entry | null> {
  const { rows } = await client.query<EntryRow>({
    name: `entry by index ${schema}`,
    text: `SELECT ${ENTRY_SELECT} FROM ${schema}.entry WHERE index = $1 LIMIT 1`,
    values: [index],
  });
  return rows[0] === undefined ? null : toEntry(rows[0]);
}

export async function entryByPlace(
  client: Queryable,
  schema: SchemaName,
  source: string,
  revision: Revision,
): Promise<Entry | null> {
  if (!isStorable(source)) return null;
  const { rows } = await client.query<EntryRow>({
    name: `entry by place ${schema}`,
    text: `SELECT ${ENTRY_SELECT} FROM ${schema}.entry WHERE source = $1 AND revision = $2 LIMIT 1`,
    values: [source, revision],
  });
  return rows[0] === undefined ? null : toEntry(rows[0]);
}

/**
 * Of how many sources that share an id the entries are given, and how many bytes of data and metadata; two in any case, so
 * that somebody has to say which one is meant.
 */
const SHARED = { entries: 100, bytes: 8 * 1024 * 1024 } as const;

/** Entries of an id that are no duplicates, in index order, of one source or of the first sources. */
export async function entriesById(
  client: Queryable,
  schema: SchemaName,
  id: EventId,
  { source, within }: IdScope,
): Promise<readonly Entry[]> {
  if (source !== null && !isStorable(source)) return [];
  const { names, beginnings } = patternArrays(within);
  const { rows } = await client.query<EntryRow>({
    name: `entries by id ${schema}`,
    text: `SELECT ${ENTRY_SELECT} FROM (
        SELECT *, row_number() OVER before AS nth,
          sum(octet_length(data) + octet_length(metadata)) OVER before AS bytes
        FROM ${schema}.entry
        WHERE id = $1 AND verdict <> 'duplicate' AND ($2::text IS NULL OR source = $2) 
          AND ${isWithin('$3::text[]', '$4::text[]')}
        WINDOW before AS (ORDER BY entry.index ROWS UNBOUNDED PRECEDING)
        ORDER BY entry.index LIMIT ${SHARED.entries}
      ) AS entry
      WHERE nth <= 2 OR bytes <= ${SHARED.bytes} ORDER BY entry.index`,
    values: [id, source, names, beginnings],
  });
  return rows.map(toEntry);
}

/**
 * One statement, so that all answers are of one snapshot. Places alone: what they hold may be far more than a question
 * about it.
 */
export async function knownIdentities(
  client: Queryable,
  schema: SchemaName,
  questions: readonly IdentityQuestion[],
): Promise<readonly KnownIdentities[]> {
  const answers = questions.map(() => ({
    places: new Map<EventId, KnownPlace>(),
    lastRevision: null as Revision | null,
  }));
  // no entry has a source that cannot be stored
  const asked = questions
    .map((question, n) => ({ ...question, n }))
    .filter(({ source }) => isStorable(source));
  if (asked.length === 0) return answers;
  const ends: number[] = [];
  for (const { ids } of asked) ends.push((ends.at(-1) ?? 0) + ids.length);
  const { rows } = await client.query<
    Readonly<Record<'id' | 'index' | 'revision' | 'lastRevision', string | null>> & { readonly n: number }
  >({
    name: `known identities ${schema}`,
    // OFFSET 0: the end of each source, and each identity, is looked up once, whatever the planner believes
    text: `SELECT a.n, l.last AS "lastRevision", k.*
      FROM unnest($1::text[], $2::integer[], $3::integer[], $4::integer[]) AS a (source, n, first, last)
      CROSS JOIN LATERAL (
        SELECT max(e.revision) AS last FROM ${schema}.entry AS e WHERE e.source = a.source OFFSET 0
      ) AS l
      LEFT JOIN LATERAL (
        SELECT i.id, e.index, e.revision FROM unnest(($5::uuid[])[a.first:a.last]) AS i (id)
        CROSS JOIN LATERAL (
          SELECT e.index, e.revision FROM ${schema}.entry AS e
          WHERE e.id = i.id AND e.source = a.source AND e.verdict <> 'duplicate' OFFSET 0
        ) AS e
      ) AS k ON true`,
    values: [
      asked.map(({ source }) => source),
      asked.map(({ n }) => n),
      asked.map(({ ids }, at) => (ends[at] ?? 0) - ids.length + 1),
      ends,
      uuidArray(asked.flatMap(({ ids }) => ids)),
    ],
  });
  for (const { n, id, lastRevision, ...place } of rows) {
    const answer = answers[n];
    if (answer === undefined) continue;
    answer.lastRevision = readCount(lastRevision) as Revision | null;
    const [index, revision] = [readCount(place.index), readCount(place.revision)];
    if (id === null || index === null || revision === null) continue;
    answer.places.set(id as EventId, { index: index as Index, revision: revision as Revision });
  }
  return answers;
}

/** Data and metadata that are read at once; one entry more, if that alone is larger. */
const BYTES_AT_ONCE = 4 * 1024 * 1024;

/** The entries at these indexes, in index order. Rows that are none are left out. */
export async function* entriesAt(
  pool: pg.Pool,
  schema: SchemaName,
  indexes: readonly Index[],
): AsyncGenerator<readonly Entry[]> {
  let left: readonly number[] = [...new Set(indexes)].sort((a, b) => a - b);
  while (left.length > 0) {
    const { rows, last, complete } = await readRowPage(pool, {
      schema,
      where: [`entry.index = ANY ('{${left.join()}}'::bigint[])`],
      order: 'asc',
      limit: left.length,
      bytes: BYTES_AT_ONCE,
    });
    yield rows.map(readEntryRow).flatMap((read) => (read.ok ? [read.entry] : []));
    if (complete || last === null) return;
    const { index } = last;
    left = left.filter((each) => each > Number(index));
  }
}

/** Which identities have an entry, as `source NUL id`. The first entry of an identity is never a duplicate. */
export async function recordedIdentities(
  client: Queryable,
  schema: SchemaName,
  identities: readonly Identity[],
): Promise<ReadonlySet<string>> {
  if (identities.length === 0) return new Set();
  const { rows } = await client.query<{ source: string; id: string }>({
    name: `recorded identities ${schema}`,
    // OFFSET 0: one look into the index for each, whatever the planner believes
    text: `SELECT i.source, i.id FROM unnest($1::text[], $2::uuid[]) AS i (source, id)
      CROSS JOIN LATERAL (
        SELECT FROM ${schema}.entry AS e
        WHERE e.id = i.id AND e.source = i.source AND e.verdict <> 'duplicate' LIMIT 1 OFFSET 0
      ) AS e`,
    values: [textArray(identities.map(({ source }) => source)), uuidArray(identities.map(({ id }) => id))],
  });
  return new Set(rows.map(({ source, id }) => `${source}\0${id}`));
}

const REGISTRATIONS = 100;

/** Accepted `schema.registered` entries of `_schemas` from an index on, in index order. */
export async function* readRegistrations(
  client: Queryable,
  schema: SchemaName,
  from: Index,
): AsyncGenerator<Entry> {
  let next: number = from;
  for (;;) {
    const { rows } = await client.query<EntryRow>({
      name: `registrations ${schema}`,
      text: `SELECT ${ENTRY_SELECT} FROM ${schema}.entry
        WHERE source = '_schemas' AND type = 'schema.registered' AND verdict = 'accepted' AND entry.index >= $1
        ORDER BY entry.index LIMIT ${REGISTRATIONS}`,
      values: [next],
    });
    for (const row of rows) {
      const entry = toEntry(row);
      yield entry;
      next = entry.header.index + 1;
    }
    if (rows.length < REGISTRATIONS) return;
  }
}
