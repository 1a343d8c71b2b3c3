/** Moving the ledger on. */
import pg from 'pg';
import { LedgerError } from '../ledger/error.js';
import { rootOf } from '../ledger/tiles.js';
import type { Entry } from '../ledger/types.js';
import {
  bigintArray,
  byteaArray,
  hexArray,
  smallintArray,
  textArray,
  timestamptzArray,
  uuidArray,
} from '../postgres/binary-array.js';
import { copyIn, type RowWriter } from '../postgres/copy-in.js';
import type { LedgerBatch } from './port.js';
import type { SchemaName } from './schema-name.js';

/** From so many entries on, copying them is faster; fewer go over with the rest, in one round trip. */
const MANY = 100;

/**
 * Append the batch's entries and move source heads, tiles and head, all or nothing.
 *
 * The compare-and-set on the head is the fence: its UPDATE takes the head's row lock, waits for whoever holds it, and
 * matches nothing when the head has moved since, so that nothing else is written either.
 * @throws LedgerError `fenced` when the head is not what `before` says; else pg's own errors
 */
export async function commitBatch(
  client: pg.ClientBase,
  schema: SchemaName,
  batch: LedgerBatch,
): Promise<void> {
  if (batch.entries.length < MANY) {
    await move(client, schema, batch, entryArrays(batch.entries));
    return;
  }
  await client.query('BEGIN');
  try {
    await move(client, schema, batch, null);
    await copyIn(client, `${schema}.entry (${COLUMNS})`, {
      fields: FIELDS,
      items: batch.entries,
      write: writeEntry,
    });
    await client.query('COMMIT');
  } catch (error) {
    // after what is no answer of the server nobody knows what the session is doing
    const answered = error instanceof pg.DatabaseError || error instanceof LedgerError;
    if (answered) await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** @param entries as arrays, to be appended at once; null when they follow */
async function move(
  client: pg.ClientBase,
  schema: SchemaName,
  batch: LedgerBatch,
  entries: readonly Buffer[] | null,
): Promise<void> {
  const { before, after } = batch;
  const { rowCount } = await client.query({
    name: `${entries === null ? 'move' : 'commit'} ${schema}`,
    text: moveStatement(schema, entries === null ? '' : `, ${entriesStatement(schema)}`),
    values: [
      ...[before.head.size, Buffer.from(before.head.hash, 'hex'), before.position],
      ...[after.head.size, Buffer.from(after.head.hash, 'hex'), Buffer.from(rootOf(after.tree), 'hex')],
      after.position,
      ...sourceArrays(batch),
      ...tileArrays(batch),
      ...(entries ?? []),
    ],
  });
  if (rowCount !== 1) {
    throw new LedgerError(
      'fenced',
      `the ledger's head is no longer at size ${before.head.size}: another projector moved it`,
    );
  }
}

function moveStatement(schema: SchemaName, further: string): string {
  return `
    WITH moved AS (
      UPDATE ${schema}.head
      SET size = $4, hash = $5, root = $6, position = $7
      WHERE size = $1 AND hash = $2 AND position IS NOT DISTINCT FROM $3
      RETURNING size
    ), sources AS (
      INSERT INTO ${schema}.source AS s (source, count, last_revision, last_hash, last_index, first_recorded_at,
        last_recorded_at)
      SELECT * FROM unnest($8::text[], $9::bigint[], $10::bigint[], $11::bytea[], $12::bigint[],
        $13::timestamptz[], $14::timestamptz[])
      WHERE EXISTS (SELECT FROM moved)
      ON CONFLICT (source) DO UPDATE SET count = excluded.count, last_revision = excluded.last_revision,
        last_hash = excluded.last_hash, last_index = excluded.last_index,
        first_recorded_at = excluded.first_recorded_at, last_recorded_at = excluded.last_recorded_at
    ), tiles AS (
      INSERT INTO ${schema}.tile AS t (level, index, hashes)
      SELECT * FROM unnest($15::smallint[], $16::bigint[], $17::bytea[])
      WHERE EXISTS (SELECT FROM moved)
      ON CONFLICT (level, index) DO UPDATE SET hashes = excluded.hashes
    )${further}
    SELECT size FROM moved`;
}

const COLUMNS = `index, id, source, type, revision, schema, verdict, occurred_at, recorded_at, recorded_by, actor,
  content, previous, previous_in_source, hash, data, metadata`;
const FIELDS = 17;

function entriesStatement(schema: SchemaName): string {
  return `entries AS (
      INSERT INTO ${schema}.entry (${COLUMNS})
      SELECT * FROM unnest($18::bigint[], $19::uuid[], $20::text[], $21::text[], $22::bigint[], $23::bytea[],
        $24::text[], $25::timestamptz[], $26::timestamptz[], $27::text[], $28::text[], $29::bytea[],
        $30::bytea[], $31::bytea[], $32::bytea[], $33::bytea[], $34::bytea[])
      WHERE EXISTS (SELECT FROM moved)
    )`;
}

/** In the order of COLUMNS. */
function writeEntry(row: RowWriter, { header, hash, data, metadata }: Entry): void {
  row.bigint(header.index);
  row.uuid(header.id);
  row.text(header.source);
  row.text(header.type);
  row.bigint(header.revision);
  row.hex(header.schema);
  row.text(header.verdict);
  row.timestamptz(header.occurredAt);
  row.timestamptz(header.recordedAt);
  row.text(header.recordedBy);
  row.text(header.actor);
  row.hex(header.content);
  row.hex(header.previous);
  row.hex(header.previousInSource);
  row.hex(hash);
  row.bytes(data);
  row.bytes(metadata);
}

function entryArrays(entries: readonly Entry[]): readonly Buffer[] {
  const headers = entries.map(({ header }) => header);
  return [
    bigintArray(headers.map(({ index }) => index)),
    uuidArray(headers.map(({ id }) => id)),
    textArray(headers.map(({ source }) => source)),
    textArray(headers.map(({ type }) => type)),
    bigintArray(headers.map(({ revision }) => revision)),
    hexArray(headers.map(({ schema }) => schema)),
    textArray(headers.map(({ verdict }) => verdict)),
    timestamptzArray(headers.map(({ occurredAt }) => occurredAt)),
    timestamptzArray(headers.map(({ recordedAt }) => recordedAt)),
    textArray(headers.map(({ recordedBy }) => recordedBy)),
    textArray(headers.map(({ actor }) => actor)),
    hexArray(headers.map(({ content }) => content)),
    hexArray(headers.map(({ previous }) => previous)),
    hexArray(headers.map(({ previousInSource }) => previousInSource)),
    hexArray(entries.map(({ hash }) => hash)),
    byteaArray(entries.map(({ data }) => data)),
    byteaArray(entries.map(({ metadata }) => metadata)),
  ];
}

function sourceArrays({ sourceHeads }: LedgerBatch): readonly Buffer[] {
  return [
    textArray(sourceHeads.map(({ source }) => source)),
    bigintArray(sourceHeads.map(({ count }) => count)),
    bigintArray(sourceHeads.map(({ lastRevision }) => lastRevision)),
    hexArray(sourceHeads.map(({ lastHash }) => lastHash)),
    bigintArray(sourceHeads.map(({ lastIndex }) => lastIndex)),
    timestamptzArray(sourceHeads.map(({ firstRecordedAt }) => firstRecordedAt)),
    timestamptzArray(sourceHeads.map(({ lastRecordedAt }) => lastRecordedAt)),
  ];
}

function tileArrays({ tiles }: LedgerBatch): readonly Buffer[] {
  return [
    smallintArray(tiles.map(({ level }) => level)),
    bigintArray(tiles.map(({ index }) => index)),
    byteaArray(tiles.map(({ hashes }) => hashes)),
  ];
}
