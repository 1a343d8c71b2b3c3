/**
 * Entries of a time that few have: all of them are read once, through the index on that time, since no order of theirs is
 * that of a page.
 */
import type pg from 'pg';
import type { EntryRow } from '../ledger/row.js';
import { copyOut } from '../postgres/copy-out.js';
import type { Time } from './conditions.js';
import { pageStatement, type RowQuery } from './row-page.js';
import { readStoredRow } from './stored-row.js';

/** Entries that are looked at one by one rather than looked for by what else they have. */
export const FEW = 1_000;

export interface FewQuery extends RowQuery {
  readonly time: Time;
  /** conditions on that time alone */
  readonly ofTime: readonly string[];
  /** of the ledger: what is appended later does not count */
  readonly size: number;
}

/**
 * The first rows by index that are of the time and for which the other conditions hold.
 * @returns null when more than FEW are of the time. Rejections are node-postgres' own
 */
export async function readFewOfTime(
  pool: pg.Pool,
  query: FewQuery,
): Promise<{ readonly rows: readonly EntryRow[]; readonly complete: boolean } | null> {
  const rows: EntryRow[] = [];
  let [seen, bytes] = [0, 0];
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    await copyOut(client, statementOf(query), (copied) => {
      seen = copied.safeInteger();
      // the count comes without a row, too
      if (copied.bytes() === null) return true;
      const row = readStoredRow(copied);
      bytes += (row.data?.length ?? 0) + (row.metadata?.length ?? 0);
      rows.push(row);
      return true;
    });
  } catch (error) {
    failure = error as Error;
    throw error;
  } finally {
    client.release(failure);
  }
  if (seen > FEW) return null;
  const rising = rows.sort((a, b) => Number(a.index) - Number(b.index));
  return {
    rows: query.order === 'asc' ? rising : rising.reverse(),
    complete: rows.length < query.limit && bytes < query.bytes,
  };
}

/** In the order of the index on the time, which is so the one that is asked, whatever the planner believes. */
function statementOf({ time, ofTime, size, ...page }: FewQuery): string {
  return `WITH few AS MATERIALIZED (
      SELECT e.ctid, e.* FROM ${page.schema}.entry AS e
      WHERE ${ofTime.join(' AND ')} AND e.index < ${size} ORDER BY e.${time}_at LIMIT ${FEW + 1}
    )
    SELECT c.seen, p.* FROM (SELECT count(*) AS seen FROM few) AS c
    LEFT JOIN (${pageStatement({ ...page, from: 'few' })}) AS p ON c.seen <= ${FEW}`;
}
