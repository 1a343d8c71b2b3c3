/** The alarms that projectors keep for every process, each cause once. Rejections are node-postgres' own. */
import type pg from 'pg';
import { isInstant } from '../ledger/time.js';
import { textArray, timestamptzArray } from '../postgres/binary-array.js';
import type { Alarm } from './port.js';
import type { SchemaName } from './schema-name.js';

/** So many are shown. */
const MOST = 1_000;

/** What stands in the table for an alarm about the whole. */
const WHOLE = '';

/** See Leadership.keepAlarms. */
export async function keepAlarms(
  client: pg.ClientBase,
  schema: SchemaName,
  alarms: readonly Alarm[],
): Promise<readonly Alarm[]> {
  const { rows } = await client.query<Pick<Alarm, 'code' | 'place'> & { readonly source: string }>(
    `INSERT INTO ${schema}.alarm (code, source, place, since, detail)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[])
     ON CONFLICT (code, source, place) DO NOTHING
     RETURNING code, source, place`,
    [
      textArray(alarms.map(({ code }) => code)),
      textArray(alarms.map(({ source }) => source ?? WHOLE)),
      textArray(alarms.map(({ place }) => place)),
      timestamptzArray(alarms.map(({ since }) => since)),
      textArray(alarms.map(({ detail }) => detail)),
    ],
  );
  const kept = new Set(rows.map(({ code, source, place }) => keyOf(code, source, place)));
  return alarms.filter(({ code, source, place }) => kept.has(keyOf(code, source ?? WHOLE, place)));
}

/** See LedgerReader.alarms. While the log has diverged, the ledger stays at the size that the alarm's place names. */
export async function readAlarms(pool: pg.Pool, schema: SchemaName): Promise<readonly Alarm[]> {
  const { rows } = await pool.query<Omit<Alarm, 'since'> & { readonly since: string | null }>({
    name: `alarms ${schema}`,
    text: `SELECT code, nullif(source, '${WHOLE}') AS source, place, detail,
        to_char(since, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS since
      FROM ${schema}.alarm
      WHERE code <> 'log-diverged' OR place = (SELECT 'size ' || size FROM ${schema}.head)
      ORDER BY alarm.since DESC, code, source, place LIMIT ${MOST}`,
  });
  return rows.flatMap(({ since, ...alarm }) => (isInstant(since) ? [{ ...alarm, since }] : []));
}

function keyOf(code: string, source: string, place: string): string {
  return `${code}\0${source}\0${place}`;
}
