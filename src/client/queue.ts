/** Events in the background: gathered into batches, sent one batch after the other until each event has its answer. */
import type { Connection } from './connection.js';
import { encodeEvent, type IdentifiedEvent } from './events.js';
import type { Problem } from './problem.js';
import { sendLines } from './sending.js';

export interface QueueOptions {
  /** events that wait at most, those under way included; 10,000 unless given */
  readonly maxEvents?: number;
  /** bytes that wait at most; 64 MiB unless given */
  readonly maxBytes?: number;
  /** called for each event that the ledger refused for good; a process warning unless given */
  readonly onRefused?: (event: IdentifiedEvent, problem: Problem) => void;
}

/** At most 1,000 events and 8 MiB are taken at once; fewer go through sooner. */
const BATCH_EVENTS = 250;
const BATCH_BYTES = 4 * 1024 * 1024;
/** How long the first event of a batch waits for others. */
const LINGER_MS = 10;

interface Waiting {
  readonly event: IdentifiedEvent;
  readonly line: Uint8Array;
}

export class EventQueue {
  readonly #connection: Connection;
  readonly #options: Required<QueueOptions>;
  readonly #closing = new AbortController();
  #waiting: Waiting[] = [];
  #bytes = 0;
  /** ever since */
  #added = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #sending: Promise<void> | null = null;
  /** whether it was told that nothing goes through */
  #told = false;
  #closed = false;

  constructor(connection: Connection, options: QueueOptions = {}) {
    this.#connection = connection;
    this.#options = { maxEvents: 10_000, maxBytes: 64 * 1024 * 1024, onRefused: warn, ...options };
  }

  /** Events that have no answer yet. */
  get size(): number {
    return this.#waiting.length;
  }

  /** @throws Error when closed */
  requireOpen(): void {
    if (this.#closed) throw new Error('the client is closed');
  }

  /**
   * Put an event behind the others.
   * @returns false when there is no room for it: it was not taken
   * @throws TypeError for what JSON cannot hold; Error when closed
   */
  add(event: IdentifiedEvent): boolean {
    this.requireOpen();
    const line = encodeEvent(event);
    const { maxEvents, maxBytes } = this.#options;
    if (this.#waiting.length >= maxEvents || this.#bytes + line.length > maxBytes) return false;
    this.#waiting.push({ event, line });
    this.#bytes += line.length;
    this.#added += 1;
    if (this.#sending === null) this.#flushSoon();
    return true;
  }

  /**
   * Resolves when every event that waits now has its answer, however long the server is away.
   * @throws ApiError what sending again does not help (wrong credentials, say): the events wait on; the reason of `close`
   */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const last = this.#added;
    while (this.#added - this.#waiting.length < last) {
      this.#sending ??= this.#sendBatch(this.#nextBatch()).finally(() => (this.#sending = null));
      await this.#sending;
    }
    if (this.#waiting.length > 0) this.#flushSoon();
  }

  #flushSoon(): void {
    this.#timer ??= setTimeout(
      () => void this.flush().catch((error: unknown) => this.#tell(error)),
      LINGER_MS,
    );
    // the process may end meanwhile: then `beforeExit` flushes
    unref(this.#timer);
  }

  /** The events wait on, and nobody waits for them who would be told; the next flush may well meet the same. */
  #tell(error: unknown): void {
    if (this.#told || this.#closing.signal.aborted) return;
    this.#told = true;
    process.emitWarning(`queued events wait: ${(error as Error).message}`, 'LedgerWarning');
  }

  /**
   * Sends what waits, and takes nothing more.
   * @param patienceMs how long that may take
   * @returns the events that have no answer: they may be given to another client
   */
  async close(patienceMs: number): Promise<readonly IdentifiedEvent[]> {
    this.#closed = true;
    const enough = setTimeout(() => this.#closing.abort(new Error('the client was closed')), patienceMs);
    try {
      await this.flush();
    } catch {
      // what is left is returned
    } finally {
      clearTimeout(enough);
      this.#closing.abort(new Error('the client was closed'));
    }
    return this.#waiting.map(({ event }) => event);
  }

  #nextBatch(): readonly Waiting[] {
    let bytes = 0;
    const end = this.#waiting.findIndex(({ line }, at) => {
      bytes += line.length + 1;
      return at > 0 && (at === BATCH_EVENTS || bytes > BATCH_BYTES);
    });
    return end === -1 ? [...this.#waiting] : this.#waiting.slice(0, end);
  }

  /** One batch at a time, from the front: a source's events keep their order. */
  async #sendBatch(batch: readonly Waiting[]): Promise<void> {
    const open = new Set(batch);
    try {
      await sendLines(
        this.#connection,
        batch.map(({ line }) => line),
        {
          ...{ ms: Infinity, signal: this.#closing.signal },
          answered: (at, answer) => {
            const one = batch[at];
            if (one === undefined) return;
            open.delete(one);
            this.#told = false;
            if ('problem' in answer) this.#options.onRefused(one.event, answer.problem);
          },
        },
      );
    } finally {
      const answered = batch.filter((one) => !open.has(one));
      for (const { line } of answered) this.#bytes -= line.length;
      const done = new Set(answered);
      this.#waiting = this.#waiting.filter((one) => !done.has(one));
    }
  }
}

function warn({ source, type, id }: IdentifiedEvent, { detail, title }: Problem): void {
  const why = detail ?? title ?? 'no reason was given';
  process.emitWarning(`event ${id} (${type} of ${source}) was refused: ${why}`, 'LedgerWarning');
}

function unref(timer: ReturnType<typeof setTimeout>): void {
  if (typeof timer === 'object') timer.unref();
}
