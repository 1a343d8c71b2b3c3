/** Real stores for the projector: a log and a ledger in one database, with the logins of production. */
import pino from 'pino';
import { vi, expect } from 'vitest';
import type { EventLog } from '../../src/event-log/port.js';
import { verifyLedger, type Verification } from '../../src/ledger/verification.js';
import type { Entry, Index } from '../../src/ledger/types.js';
import { startProjector, type Projector } from '../../src/projector/projector.js';
import type { Limits } from '../../src/projector/reading.js';
import type { LedgerReader, LedgerWriter } from '../../src/read-model/port.js';
import { openReader } from '../../src/read-model/reader.js';
import { openWriter } from '../../src/read-model/writer.js';
import type { ForeignEvent } from '../support/event-log.js';
import { createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import type { LogKind } from '../support/logs.js';

export interface Installation {
  readonly database: LedgerDatabase;
  /** with the API's login */
  readonly log: EventLog;
  readonly reader: LedgerReader;
  /** A projector with connections of its own; ended with the installation unless it was before. */
  project(limits?: Limits): Running;
  /** Resolves when the ledger has so many entries. */
  sized(size: number): Promise<void>;
  entries(): Promise<readonly Entry[]>;
  verify(): Promise<Verification>;
  /** Write events past every check of ours, as another program would. */
  throwAtLog(events: readonly ForeignEvent[]): Promise<void>;
  /** Change the bytes of a source's first event in the log, as whoever has the disks could. */
  forge(source: string, data: string): Promise<void>;
  close(): Promise<void>;
}

export interface Running extends Projector {
  readonly writer: LedgerWriter;
}

export async function install(kind: LogKind): Promise<Installation> {
  const database = await createLedgerDatabase();
  const store = await kind.start();
  const log = store.open('api', database);
  const reader = openReader({ url: database.readerUrl });
  const running = new Set<Running>();

  const sized = (size: number): Promise<void> =>
    vi.waitFor(async () => expect((await reader.head()).size).toBe(size), { timeout: 40_000, interval: 20 });

  return {
    database,
    log,
    reader,
    sized,
    project(limits) {
      const projectorLog = store.open('projector', database);
      const writer = openWriter({ url: database.projectorUrl });
      const projector = startProjector({
        log: projectorLog,
        writer,
        logger: pino({ level: 'silent' }),
        ...(limits === undefined ? {} : { limits }),
      });
      const each: Running = {
        writer,
        status: () => projector.status(),
        async stop() {
          running.delete(each);
          await projector.stop();
          await Promise.all([writer.close(), projectorLog.close()]);
        },
      };
      running.add(each);
      return each;
    },
    async entries() {
      const { size } = await reader.head();
      const entries: Entry[] = [];
      for (let index = 0; index < size; index++) {
        const entry = await reader.entry(index as Index);
        if (entry !== null) entries.push(entry);
      }
      return entries;
    },
    async verify() {
      const steps = verifyLedger(() => reader.snapshot(), { selfCheck: await reader.selfCheck() });
      for (;;) {
        const step = await steps.next();
        if (step.done === true) return step.value;
      }
    },
    throwAtLog: (events) => store.throwAt(database, events),
    forge: (source, data) => store.forge(database, source, data),
    async close() {
      await Promise.all([...running].map((each) => each.stop()));
      await Promise.all([reader.close(), log.close()]);
      await Promise.all([database.drop(), store.close()]);
    },
  };
}
