/** Connections that only read. */
import type pg from 'pg';
import { createPool } from '../postgres/pool.js';

/** An index that is there is used, also when the table was empty when the statement was planned. */
export const READER_SETTINGS = { enable_seqscan: 'off' } as const;

export interface ReadingPoolOptions {
  readonly url: string;
  /** at most */
  readonly connections: number;
  /** how long each statement may take */
  readonly queryLimitMs: number;
  /** for a connection; default 5 s */
  readonly connectTimeoutMs?: number;
}

export function openReadingPool({ url, connections, queryLimitMs, ...more }: ReadingPoolOptions): pg.Pool {
  return createPool({
    ...more,
    url,
    applicationName: 'event-ledger reader',
    max: connections,
    statementTimeoutMs: queryLimitMs,
    settings: READER_SETTINGS,
  });
}
