/** A ledger with the log that it was made from, both real but for the double of EventStoreDB, to be altered and compared. */
import pino from 'pino';
import { expect, vi } from 'vitest';
import type { Candidate, EventLog } from '../../src/event-log/port.js';
import { openEventStoreDbEventLog } from '../../src/event-log/eventstoredb/event-log.js';
import { openPostgresEventLog } from '../../src/event-log/postgres/event-log.js';
import { createVerifier } from '../../src/http/verifying.js';
import type { Finding, VerificationReport } from '../../src/ledger/finding.js';
import { encodeMetadata } from '../../src/ledger/metadata.js';
import { instantFromMs } from '../../src/ledger/time.js';
import type { Progress } from '../../src/ledger/verification.js';
import { startProjector } from '../../src/projector/projector.js';
import { openReader } from '../../src/read-model/reader.js';
import { openWriter } from '../../src/read-model/writer.js';
import { startEventStoreDouble, type EventStoreDouble } from '../eventstore-double/eventstore-double.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from './ledger-database.js';
import { uuidOf } from './ledger-filler.js';

export interface ComparedStores {
  readonly database: LedgerDatabase;
  /** null: the log is in PostgreSQL */
  readonly double: EventStoreDouble | null;
  /** Deep verification, with another instance of the log each time, as after its server was started anew. */
  verify(progress?: (progress: Progress) => void): Promise<VerificationReport>;
  /** What anybody can do who has the whole database in hands. */
  tamper(...statements: readonly string[]): Promise<void>;
  /** Undo it, in both stores. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

const TABLES = ['ledger.entry', 'ledger.head', 'ledger.term', 'ledger.segment', 'event_log.event'];

/** Triggers that the migrations made so that no setting of a session turns them off. */
const ALWAYS = [
  ['ledger.entry', 'refuse_row'],
  ['ledger.entry', 'refuse_statement'],
  ['ledger.head', 'refuse_backwards'],
  ['ledger.head', 'refuse_statement'],
  ['event_log.event', 'refuse_row'],
  ['event_log.event', 'refuse_statement'],
] as const;

/** An event of our own form. @param n gives id, times and payload */
export function numbered(
  n: number,
  parts: { readonly type?: string; readonly data?: string } = {},
): Candidate {
  const recordedAt = instantFromMs(1_790_000_000_000 + n);
  return {
    id: uuidOf(n),
    type: parts.type ?? 'order.placed',
    data: Buffer.from(parts.data ?? `{"n":${n},"text":"${'x'.repeat(40)}"}`),
    metadata: encodeMetadata({
      ...{ v: 1, recordedAt, occurredAt: recordedAt, recordedBy: 'admin', actor: `actor-${n % 7}` },
      salt: n.toString(16).padStart(32, '0'),
    }),
    fresh: true,
  };
}

/**
 * Fill a log, project it to its end, and stop projecting.
 * @param fill writes with the log's own adapter, or past it; resolves to the number of events that there are then
 */
export async function compareStores(
  kind: 'PostgreSQL' | 'EventStoreDB',
  fill: (log: EventLog, stores: Pick<ComparedStores, 'database' | 'double'>) => Promise<number>,
): Promise<ComparedStores> {
  const database = await createLedgerDatabase();
  const double = kind === 'EventStoreDB' ? await startEventStoreDouble() : null;
  const open = (url: string): EventLog =>
    double === null ? openPostgresEventLog({ url }) : openEventStoreDbEventLog({ url: double.url });
  const reader = openReader({ url: database.readerUrl });
  await project(database, open, reader, async (log) => fill(log, { database, double }));
  await asSuperuser(database, async (client) => {
    for (const table of TABLES) {
      await client.query(`CREATE TABLE public.${table.replace('.', '_')} AS TABLE ${table}`);
    }
  });
  const backup = double?.snapshot();

  const tamper = (...statements: readonly string[]): Promise<void> =>
    asSuperuser(database, async (client) => {
      for (const table of TABLES) await client.query(`ALTER TABLE ${table} DISABLE TRIGGER ALL`);
      for (const statement of statements) await client.query(statement);
      for (const table of TABLES) await client.query(`ALTER TABLE ${table} ENABLE TRIGGER ALL`);
      for (const [table, trigger] of ALWAYS) {
        await client.query(`ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${trigger}`);
      }
    });

  return {
    database,
    double,
    tamper,
    async verify(progress) {
      const log = open(database.readerUrl);
      try {
        const run = createVerifier({ reader, log }).run({ mode: 'deep' });
        for (;;) {
          const step = await run.next();
          if (step.done === true) return step.value;
          progress?.(step.value);
        }
      } finally {
        await log.close();
      }
    },
    async restore() {
      await tamper(
        'ALTER TABLE event_log.event DROP CONSTRAINT IF EXISTS event_position',
        ...TABLES.map(
          (table) =>
            `DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM public.${table.replace('.', '_')}`,
        ),
        `ALTER TABLE event_log.event ADD CONSTRAINT event_position CHECK (position BETWEEN 1 AND 9007199254740991)`,
      );
      if (backup !== undefined) await double?.restore(backup);
    },
    async close() {
      await reader.close();
      await double?.stop();
      await database.drop();
    },
  };
}

async function project(
  database: LedgerDatabase,
  open: (url: string) => EventLog,
  reader: ReturnType<typeof openReader>,
  fill: (log: EventLog) => Promise<number>,
): Promise<void> {
  const log = open(database.apiUrl);
  const projectorLog = open(database.projectorUrl);
  const writer = openWriter({ url: database.projectorUrl });
  const size = await fill(log);
  const projector = startProjector({ log: projectorLog, writer, logger: pino({ level: 'silent' }) });
  await vi.waitFor(async () => expect((await reader.head()).size).toBe(size), {
    timeout: 240_000,
    interval: 50,
  });
  const segments = Math.floor(size / 1_024);
  await vi.waitFor(async () => expect(await countSegments(database)).toBe(segments), {
    timeout: 240_000,
    interval: 100,
  });
  await projector.stop();
  await Promise.all([writer.close(), projectorLog.close(), log.close()]);
}

async function countSegments(database: LedgerDatabase): Promise<number> {
  return asSuperuser(database, async (client) => {
    const { rows } = await client.query<{ count: string }>('SELECT count(*) FROM ledger.segment');
    return Number(rows[0]?.count);
  });
}

/** What only deep verification finds: code, index, store. */
export function deepOf({ findings }: Pick<VerificationReport, 'findings'>): readonly (readonly unknown[])[] {
  return findings.filter(isDeep).map(({ code, index, store }) => [code, index, store]);
}

function isDeep({ code, store }: Finding): boolean {
  return store !== undefined || code === 'stores-differ';
}
