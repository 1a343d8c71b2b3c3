/** Everybody else's side of the read model. */
import type pg from 'pg';
import { LedgerError } from '../ledger/error.js';
import { readAlarms } from './alarms.js';
import { ApartReader } from './apart.js';
import { deepChecks } from './deep-checks.js';
import {
  entriesAt,
  entriesById,
  entryByIndex,
  entryByPlace,
  knownIdentities,
  readRegistrations,
} from './entries.js';
import { readEvents } from './events.js';
import { currentHead, currentStats } from './head.js';
import { HeadListener } from './head-listener.js';
import { inOurWords, said } from './in-our-words.js';
import { requireVersion } from './migrations.js';
import type { LedgerReader } from './port.js';
import { openReadingPool } from './reading-pool.js';
import { LEDGER, type SchemaName } from './schema-name.js';
import { selfCheck } from './self-check.js';
import { takeSnapshot } from './snapshot.js';
import { readSourcePage } from './sources.js';
import { openTally } from './tally.js';

export interface ReaderOptions {
  /** a login with the group role reader, api or projector */
  readonly url: string;
  readonly schema?: SchemaName;
  /** connections at most; default 10 */
  readonly connections?: number;
  /** how long a query may take, and each of its statements; default 10 s */
  readonly queryLimitMs?: number;
  /** so many entries are worth a thread of their own; default 16,384 */
  readonly apartFrom?: number;
}

const QUERY_LIMIT_MS = 10_000;
const HEALTH_LIMIT_MS = 2_000;

/** Connects when it is first asked something. */
export function openReader(options: ReaderOptions): LedgerReader {
  const { url, schema = LEDGER, connections = 10, queryLimitMs = QUERY_LIMIT_MS } = options;
  const pool = openReadingPool({ url, connections, queryLimitMs });
  const apart = new ApartReader({ url, schema, queryLimitMs }, options.apartFrom);
  const tally = openTally(pool, schema);
  const listener = new HeadListener({ url, pool, schema });
  return {
    ready: () => said(requireVersion(pool)),
    head: () => said(currentHead(pool, schema)),
    entry: (index) => said(entryByIndex(pool, schema, index)),
    entryAt: (source, revision) => said(entryByPlace(pool, schema, source, revision)),
    entriesById: (id, scope) => said(entriesById(pool, schema, id, scope)),
    identities: (questions) => said(knownIdentities(pool, schema, questions)),
    entriesAt: (indexes) => inOurWords(entriesAt(pool, schema, indexes)),
    events: (filters, page) => said(readEvents({ pool, schema, filters, page, limitMs: queryLimitMs })),
    sources: (page) => said(readSourcePage(pool, schema, page)),
    stats: () => said(currentStats(pool, schema, tally)),
    alarms: () => said(readAlarms(pool, schema)),
    registrations: (from) => inOurWords(readRegistrations(pool, schema, from)),
    headMoved: (timeoutMs, signal) => listener.moved(timeoutMs, signal),
    snapshot: () => takeSnapshot(pool, schema, apart),
    deepChecks: () => deepChecks(pool, schema),
    selfCheck: () => said(selfCheck(pool)),
    health: () => healthOf(pool, schema),
    origin: () => said(readOrigin(pool, schema)),
    async close() {
      await Promise.all([listener.close(), apart.close(), pool.end()]);
    },
  };
}

async function healthOf(
  pool: pg.Pool,
  schema: SchemaName,
): Promise<{ readonly status: 'ok' } | { readonly status: 'down'; readonly detail: string }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new LedgerError('store-unavailable', `the read model does not answer within ${HEALTH_LIMIT_MS} ms`),
      );
    }, HEALTH_LIMIT_MS - 100);
  });
  try {
    await Promise.race([said(currentHead(pool, schema)), late]);
    return { status: 'ok' };
  } catch (error) {
    return { status: 'down', detail: (error as Error).message };
  } finally {
    clearTimeout(timer);
  }
}

async function readOrigin(pool: pg.Pool, schema: SchemaName): Promise<string> {
  const { rows } = await pool.query<{ origin: string }>(`SELECT origin FROM ${schema}.origin`);
  const origin = rows[0]?.origin;
  if (origin === undefined) {
    throw new LedgerError('schema-version', 'the ledger has no name yet: run event-ledger migrate');
  }
  return origin;
}
