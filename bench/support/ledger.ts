/** Ledgers to measure on: a PostgreSQL that is set as the embedded one, durable, with the processes of production. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openEventStoreDbEventLog } from '../../src/event-log/eventstoredb/event-log.js';
import { openPostgresEventLog } from '../../src/event-log/postgres/event-log.js';
import type { Candidate } from '../../src/event-log/port.js';
import { canonicalBytes } from '../../src/ledger/canonical-json.js';
import { encodeMetadata } from '../../src/ledger/metadata.js';
import { instantFromMs } from '../../src/ledger/time.js';
import type { EventId, Instant, Json, Position } from '../../src/ledger/types.js';
import { asSuperuser, createLedgerDatabaseOn, type LedgerDatabase } from '../../test/support/database.js';
import { eventually, startLedger, type LedgerProcess } from '../../test/support/ledger-process.js';
import { startTestServer, type TestServer } from '../../test/support/postgres-server.js';
import { peakMemory } from './peak-memory.js';
import type { RunSettings } from './run-settings.js';

export interface BenchLedger {
  readonly database: LedgerDatabase;
  readonly server: TestServer;
  /** a process of production, as users start it */
  start(command: 'api' | 'projector', settings?: Readonly<Record<string, string>>): Promise<LedgerProcess>;
  /** how many entries it has */
  size(): Promise<number>;
  /** Keep everything as it is now; no process of the ledger runs. */
  keep(): Promise<void>;
  /** Everything as it was when it was kept last; no process of the ledger runs. */
  restore(): Promise<void>;
  remove(): Promise<void>;
}

export async function createBenchLedger(bench: RunSettings): Promise<BenchLedger> {
  const server = await startTestServer({ durable: true });
  const database = await createLedgerDatabaseOn(server.superuserUrl);
  const log = bench.eventStoreUrl === null ? {} : { EVENTSTORE_URL: bench.eventStoreUrl };
  const kept = `${server.cluster}-kept`;
  const replace = async (from: string, to: string): Promise<void> => {
    await server.stop();
    await promisify(execFile)('rm', ['-rf', to]);
    await promisify(execFile)('cp', ['-a', from, to]);
    // the disk has nothing left to do of it when measuring begins
    await promisify(execFile)('sync');
    await server.start();
  };
  return {
    database,
    server,
    start: (command, settings = {}) =>
      startLedger(
        {
          DATABASE_URL: command === 'api' ? database.apiUrl : database.projectorUrl,
          LOG_LEVEL: 'info',
          ...log,
          ...settings,
        },
        command,
      ),
    size: () => sizeOf(database),
    keep: () => replace(server.cluster, kept),
    restore: () => replace(kept, server.cluster),
    remove: () => server.remove(),
  };
}

export function sizeOf(database: LedgerDatabase): Promise<number> {
  return asSuperuser(database, async (client) => {
    const { rows } = await client.query<{ size: string }>('SELECT size FROM ledger.head');
    return Number(rows[0]?.size);
  });
}

/** Let the API register the schemas that it ships with: what an installation has before its first event. */
export async function registerSchemas(ledger: BenchLedger): Promise<void> {
  const api = await ledger.start('api');
  await api.stop();
}

/** Events of one call of append. */
const CHUNK = 1_000;
const FIRST_RECORDED_MS = 1_785_000_000_000;

/**
 * Append events `from` ≤ n < `to` to the log, as the API records them, and past the API, which is slower.
 * @param size of payloads, in bytes
 * @returns the position of the newest event
 */
export async function fillLog(
  { apiUrl }: LedgerDatabase,
  { events, eventStoreUrl }: RunSettings,
  { from = 0, to, size }: { readonly from?: number; readonly to: number; readonly size?: number },
): Promise<Position | null> {
  const log =
    eventStoreUrl === null
      ? openPostgresEventLog({ url: apiUrl, applicationName: 'bench' })
      : openEventStoreDbEventLog({ url: eventStoreUrl });
  try {
    for (let at = from; at < to; at += CHUNK) {
      const bySource = new Map<string, Candidate[]>();
      for (let n = at; n < Math.min(at + CHUNK, to); n += 1) {
        const draft = events.event(n, size);
        const candidates = bySource.get(draft.source) ?? [];
        bySource.set(draft.source, candidates);
        candidates.push(candidateOf(n, draft));
      }
      await Promise.all([...bySource].map(([source, candidates]) => log.append(source, candidates)));
    }
    return await log.newest();
  } finally {
    await log.close();
  }
}

/** What the API records of event number n. */
export function candidateOf(n: number, draft: ReturnType<RunSettings['events']['event']>): Candidate {
  return {
    id: uuidOf(n),
    type: draft.type,
    fresh: true,
    data: canonicalBytes(draft.payload as Json),
    metadata: encodeMetadata({
      v: 1,
      recordedAt: instantFromMs(FIRST_RECORDED_MS + n * 250),
      occurredAt: (draft.timestamp ?? null) as Instant | null,
      recordedBy: 'admin',
      actor: draft.actor ?? null,
      salt: n.toString(16).padStart(32, '0'),
      ...(draft.subject === undefined ? {} : { subject: draft.subject }),
    }),
  };
}

/** As UUIDs of version 7 are: rising, as those that the API makes. */
function uuidOf(n: number): EventId {
  const time = (FIRST_RECORDED_MS + n * 250).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${n.toString(16).padStart(12, '0')}` as EventId;
}

/**
 * Project what the log has, and fill the payload index, with the projector that users start.
 * @returns what memory the projector had at most, in MB
 */
export async function project(ledger: BenchLedger, entries: number): Promise<number> {
  const projector = await ledger.start('projector');
  try {
    await eventually(`${entries} entries`, async () => (await ledger.size()) >= entries, 600_000);
    const segments = Math.floor(entries / 1_024);
    const indexed = async (): Promise<boolean> => (await segmentsOf(ledger.database)) >= segments;
    await eventually('the payload index to be caught up', indexed, 600_000);
    return await peakMemory(projector.pid);
  } finally {
    await projector.stop();
  }
}

/** How many segments the payload index covers. */
export function segmentsOf(database: LedgerDatabase): Promise<number> {
  return asSuperuser(database, async (client) => {
    const { rows } = await client.query<{ count: string }>('SELECT count(*) AS count FROM ledger.segment');
    return Number(rows[0]?.count);
  });
}
