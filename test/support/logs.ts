/**
 * The two event logs that a test can run with: the table in PostgreSQL, and the double of EventStoreDB. What is said of
 * one of them holds for both: `describe.each(LOGS)`.
 */
import { openEventStoreDbEventLog } from '../../src/event-log/eventstoredb/event-log.js';
import type { EventLog } from '../../src/event-log/port.js';
import { openPostgresEventLog } from '../../src/event-log/postgres/event-log.js';
import { changed } from '../eventstore-double/alterations.js';
import { startEventStoreDouble } from '../eventstore-double/eventstore-double.js';
import { proposed } from '../eventstore-double/record.js';
import { forgeEvent, throwAtLog, type ForeignEvent } from './event-log.js';
import type { LedgerDatabase } from './ledger-database.js';

export interface TestLog {
  /** what a command needs in its environment */
  readonly settings: Readonly<Record<string, string>>;
  /** with the login of one kind of process; the caller closes it */
  open(login: 'api' | 'projector', database: LedgerDatabase): EventLog;
  /** Write events past every check of ours, as another program would. */
  throwAt(database: LedgerDatabase, events: readonly ForeignEvent[]): Promise<void>;
  /** Change the bytes of a source's first event, as whoever has the disks could. */
  forge(database: LedgerDatabase, source: string, data: string): Promise<void>;
  /** SIGKILL to the log's own server, and up again; null where it has none */
  readonly crash: (() => Promise<void>) | null;
  close(): Promise<void>;
}

export interface LogKind {
  readonly name: 'PostgreSQL' | 'EventStoreDB';
  start(): Promise<TestLog>;
}

const postgres: LogKind = {
  name: 'PostgreSQL',
  start: () =>
    Promise.resolve({
      settings: {},
      open: (login, database) =>
        openPostgresEventLog({ url: login === 'api' ? database.apiUrl : database.projectorUrl }),
      throwAt: (database, events) => throwAtLog(database.apiUrl, events),
      forge: forgeEvent,
      crash: null,
      close: () => Promise.resolve(),
    }),
};

const eventStoreDb: LogKind = {
  name: 'EventStoreDB',
  async start() {
    const double = await startEventStoreDouble();
    return {
      settings: { EVENTSTORE_URL: double.url },
      open: () => openEventStoreDbEventLog({ url: double.url }),
      throwAt(_database, events) {
        for (const { source, type = 'foreign', id, data = '{}', metadata = '' } of events) {
          const stream = `ledger-${source.toString()}`;
          const record = proposed({
            type: type.toString(),
            data,
            metadata,
            ...(id === undefined ? {} : { id }),
          });
          const last = double.log.last(stream);
          // an exact revision: with any other expectation a known id would be swallowed
          double.log.append(stream, [record], last < 0n ? 'no_stream' : last);
        }
        return Promise.resolve();
      },
      async forge(_database, source, data) {
        const record = double.log.stream(`ledger-${source}`)?.records[0];
        if (record === undefined) throw new Error(`no event of ${source}`);
        await double.alter(changed(record, { data: Buffer.from(data) }));
      },
      crash: () => double.restart(),
      close: () => double.stop(),
    };
  },
};

export const LOGS: readonly LogKind[] = [postgres, eventStoreDb];
