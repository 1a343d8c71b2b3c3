/**
 * The ledger for programs in JavaScript and TypeScript: events in, the ledger as it grows out, on `fetch` alone.
 *
 *     const ledger = connectToLedger({ url: 'http://127.0.0.1:8080', token });
 *     await ledger.record({ source: 'billing', type: 'customer.billed', payload: { customerId: 'c-1', amount: 12.5 } });
 *     for await (const { header } of ledger.tail({ filters: { source: 'billing' } })) console.log(header.index);
 */
import { connect, type ConnectionOptions } from './connection.js';
import { identified, type EventDraft, type IdentifiedEvent } from './events.js';
import { EventQueue, type QueueOptions } from './queue.js';
import { record, type Recorded, type RecordOptions } from './recording.js';
import { tail, type TailedLine, type TailOptions } from './tail.js';

export { ApiError, type ConnectionOptions } from './connection.js';
export type { ClientCredentials, Token } from './credentials.js';
export type { EventDraft, IdentifiedEvent } from './events.js';
export type { Problem } from './problem.js';
export type { QueueOptions } from './queue.js';
export type { Recorded, RecordOptions } from './recording.js';
export type { TailedLine, TailOptions } from './tail.js';

export type LedgerClientOptions = ConnectionOptions & QueueOptions;

export interface LedgerClient {
  /**
   * Record one event. Durable when it resolves; sent again until it is acknowledged, and recorded once all the same.
   * @throws ApiError refused (`problem` says why), or not acknowledged in time: then the event may be recorded or not, and
   *   whoever gave it an id may give it again; Error once the client is closed
   */
  record(event: EventDraft, options?: RecordOptions): Promise<Recorded>;

  /**
   * Have an event recorded in the background, in order with the others that were given so.
   * @returns false when the buffer is full: it was not taken. Wait for `flush`, or do without it knowingly
   * @throws TypeError for what JSON cannot hold; Error once the client is closed
   */
  enqueue(event: EventDraft): boolean;

  /** Events in the background that have no answer yet. */
  readonly queued: number;

  /**
   * Resolves when every event given to `enqueue` so far was recorded or refused, however long the server is away.
   * @throws ApiError what sending again does not help, such as wrong credentials, or a key that was revoked; the events
   *   wait on
   */
  flush(): Promise<void>;

  /**
   * Every entry that matches, once and in order, verified as it is read; goes on where it was when the connection is lost.
   * @throws ApiError when the query is refused; the signal's reason when aborted
   */
  tail(options?: TailOptions): AsyncGenerator<TailedLine>;

  /**
   * Flush, and take nothing more from now on. A `record` that is under way goes on, and so does a tail.
   * @param patienceMs how long the flush may take; 10,000 unless given
   * @returns events that were not acknowledged: they may be recorded or not, and may be given to another client
   */
  close(patienceMs?: number): Promise<readonly IdentifiedEvent[]>;
}

const CLOSE_MS = 10_000;

/**
 * Nothing is sent before it is used. A process that ends by itself sends what is queued before; one that calls
 * `process.exit` closes the client first.
 * @throws TypeError for a URL that no request can be made to, and for credentials that are none, or two
 */
export function connectToLedger(options: LedgerClientOptions): LedgerClient {
  const connection = connect(options);
  const queue = new EventQueue(connection, options);
  const client: LedgerClient = {
    async record(event, how) {
      queue.requireOpen();
      return await record(connection, event, how);
    },
    enqueue(event) {
      const isTaken = queue.add(identified(event));
      flushAtEnd(client);
      return isTaken;
    },
    get queued() {
      return queue.size;
    },
    flush: () => queue.flush(),
    tail: (query) => tail(connection, query),
    close(patienceMs = CLOSE_MS) {
      forget(client);
      return queue.close(patienceMs);
    },
  };
  return client;
}

/** Clients that have queued events, and are not closed. */
const QUEUEING = new Set<LedgerClient>();

/** One listener for all of them, however many clients a process makes. */
function flushAtEnd(client: LedgerClient): void {
  if (QUEUEING.size === 0) process.on('beforeExit', closeAll);
  QUEUEING.add(client);
}

function forget(client: LedgerClient): void {
  if (QUEUEING.delete(client) && QUEUEING.size === 0) process.off('beforeExit', closeAll);
}

function closeAll(): void {
  for (const client of QUEUEING) void client.close().then(warnOf);
}

function warnOf(left: readonly IdentifiedEvent[]): void {
  if (left.length === 0) return;
  process.emitWarning(
    `${left.length} events were not acknowledged before the process ended`,
    'LedgerWarning',
  );
}
