/** Writing to the outbox: what comes while something is written goes together, in one statement. */
import type pg from 'pg';
import { LedgerError } from '../../ledger/error.js';
import { storeError } from '../../postgres/errors.js';
import { createPool } from '../../postgres/pool.js';
import type { AccessEvent, WaitingEvent } from '../access-event.js';
import { atMost } from './at-most.js';
import type { OutboxOptions } from './outbox-options.js';
import { countEvents, insertEvents, insertMissing } from './outbox-rows.js';
import { waiting } from './waiting.js';

/** In one statement. */
const MOST_AT_ONCE = 500;
/** That wait for a statement, or for a database that is away; more are refused, or lost with a word. */
const MOST_WAITING = 10_000;
/** Somebody is to be woken long before there are so many. */
const MOST_COUNTED = 100_000;
const CONNECT_MS = 2_000;
const STATEMENT_MS = 3_000;
const RETRY_MS = 1_000;
/** Who only notes something does not wait longer for it. */
const PATIENCE_MS = 1_000;
/** For what could not be written before, when the process ends. */
const LAST_WORDS_MS = 500;

interface Put {
  readonly event: WaitingEvent;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

export class OutboxWriter {
  readonly #pool: pg.Pool;
  readonly #logger: OutboxOptions['logger'];
  #puts: Put[] = [];
  #writing: Promise<void> | null = null;
  /** what could not be written when it was noted */
  #noted: WaitingEvent[] = [];
  #lost = 0;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;
  /** what comes now can be written no more */
  #ended = false;

  constructor({ url, logger }: OutboxOptions) {
    this.#logger = logger;
    this.#pool = createPool({
      ...{ url, applicationName: 'event-ledger outbox', max: 1 },
      ...{ connectTimeoutMs: CONNECT_MS, statementTimeoutMs: STATEMENT_MS },
    });
  }

  put(event: AccessEvent): Promise<void> {
    return this.#put(waiting(event));
  }

  async note(event: AccessEvent): Promise<void> {
    const noted = waiting(event);
    const written = this.#put(noted).catch((error: unknown) => {
      this.#keep(noted, error);
    });
    await atMost(written, PATIENCE_MS);
  }

  async waiting(): Promise<number> {
    try {
      return await countEvents(this.#pool, MOST_COUNTED);
    } catch (error) {
      throw storeError(error, 'store-unavailable');
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await atMost(
      Promise.resolve(this.#writing).then(() => this.#writeNoted()),
      LAST_WORDS_MS,
    );
    await this.#pool.end();
    // what was under way fails with its connection
    await atMost(Promise.resolve(this.#writing), LAST_WORDS_MS);
    this.#ended = true;
    this.#tellLost(this.#noted.length + this.#lost);
  }

  #put(event: WaitingEvent): Promise<void> {
    if (this.#puts.length >= MOST_WAITING) {
      const detail = 'too much waits to be recorded of who asks what: try again in a moment';
      return Promise.reject(new LedgerError('store-unavailable', detail));
    }
    const written = new Promise<void>((done, failed) => this.#puts.push({ event, done, failed }));
    this.#writing ??= this.#writeAll();
    return written;
  }

  async #writeAll(): Promise<void> {
    while (this.#puts.length > 0) {
      const puts = this.#puts.splice(0, MOST_AT_ONCE);
      try {
        await insertEvents(
          this.#pool,
          puts.map(({ event }) => event),
        );
        for (const { done } of puts) done();
      } catch (error) {
        const known = storeError(error, 'store-unavailable');
        for (const { failed } of puts) failed(known);
      }
    }
    // before anybody else has a turn, who would wait for a loop that has ended
    this.#writing = null;
  }

  #tellLost(events: number): void {
    if (events > 0) this.#logger.error({ events }, 'events of _access could not be written before the end');
  }

  #keep(event: WaitingEvent, error: unknown): void {
    if (this.#ended) {
      this.#tellLost(1);
      return;
    }
    if (this.#noted.length === 0) {
      this.#logger.warn({ err: error }, 'events of _access cannot be written; they are when it is possible');
    }
    if (this.#noted.length < MOST_WAITING) this.#noted.push(event);
    else this.#lost += 1;
    this.#tryLater();
  }

  #tryLater(): void {
    if (this.#closed || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#writeNoted();
    }, RETRY_MS);
    this.#timer.unref();
  }

  async #writeNoted(): Promise<void> {
    while (this.#noted.length > 0) {
      const some = this.#noted.slice(0, MOST_AT_ONCE);
      try {
        await insertMissing(this.#pool, some);
      } catch {
        this.#tryLater();
        return;
      }
      this.#noted.splice(0, some.length);
    }
  }
}
