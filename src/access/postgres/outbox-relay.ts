/**
 * From the outbox into the log. Of all processes one delivers at a time, under an advisory lock of its transaction, so that
 * events keep their order. A row goes when the log has acknowledged its event: killed between the two, it is appended
 * again under the same id, which the door takes for a replay.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { storeError } from '../../postgres/errors.js';
import { createClient, endClient } from '../../postgres/pool.js';
import type { WaitingEvent } from '../access-event.js';
import type { Deliver, Delivery } from '../port.js';
import { atMost } from './at-most.js';
import type { OutboxOptions } from './outbox-options.js';
import { deleteEvents, OUTBOX_CHANNEL, readEvents } from './outbox-rows.js';

/** Any number that is nobody else's. */
const DELIVERY_LOCK = '4713098625110745';
const MOST_AT_ONCE = 100;
/** A notification that got lost, or another process that stopped delivering. */
const POLL_MS = 5_000;
/** While log or database are away; doubled up to the latter. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
const CONNECT_MS = 2_000;
const STATEMENT_MS = 5_000;
/** The lock of a process that hangs is free after so long. */
const IDLE_MS = 60_000;
/** For an append that is under way at the end. */
const LAST_WORDS_MS = 500;

type Step = 'more' | 'nothing' | 'unavailable';

export class OutboxRelay {
  readonly #options: OutboxOptions & { readonly deliver: Deliver };
  readonly #running: Promise<void>;
  readonly #closing = new AbortController();
  #client: pg.Client | null = null;
  /** ids of events that will never be recorded: they stay where they are, and hold up no other */
  readonly #refused = new Set<string>();
  #pauseMs = FIRST_PAUSE_MS;
  #wake: AbortController = new AbortController();
  #isAway = false;

  constructor(options: OutboxOptions & { readonly deliver: Deliver }) {
    this.#options = options;
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake.abort();
    await atMost(this.#running, LAST_WORDS_MS);
    if (this.#client !== null) await endClient(this.#client);
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.#follow();
      } catch (error) {
        this.#failed(error);
        await this.#pause();
      }
    }
  }

  /** As long as the connection lasts. It listens before it looks: what is written between the two is heard. */
  async #follow(): Promise<void> {
    const client = createClient({
      ...{ url: this.#options.url, applicationName: 'event-ledger outbox' },
      ...{ connectTimeoutMs: CONNECT_MS, statementTimeoutMs: STATEMENT_MS },
      settings: { idle_in_transaction_session_timeout: String(IDLE_MS) },
    });
    for (const something of ['notification', 'end', 'error'] as const)
      client.on(something, () => this.#wake.abort());
    this.#client = client;
    try {
      await client.connect();
      await client.query(`LISTEN ${OUTBOX_CHANNEL}`);
      while (!this.#closed) {
        this.#wake = new AbortController();
        const step = await this.#step(client);
        if (step === 'unavailable') await this.#pause();
        else this.#succeeded();
        if (step === 'nothing') await rest(POLL_MS, this.#wake.signal);
      }
    } finally {
      this.#client = null;
      await endClient(client);
    }
  }

  async #step(client: pg.Client): Promise<Step> {
    await client.query('BEGIN');
    try {
      return (await holdsLock(client)) ? await this.#deliverSome(client) : 'nothing';
    } finally {
      // what was deleted goes, whatever became of the rest
      await client.query('COMMIT');
    }
  }

  async #deliverSome(client: pg.Client): Promise<Step> {
    const events = await readEvents(client, MOST_AT_ONCE, [...this.#refused]);
    if (events.length === 0) return 'nothing';
    const deliveries = await this.#options.deliver(events);
    const recorded = events.filter((_, index) => deliveries[index] === 'recorded');
    if (recorded.length > 0) {
      await deleteEvents(
        client,
        recorded.map(({ id }) => id),
      );
    }
    for (const [index, event] of events.entries()) this.#giveUp(event, deliveries[index]);
    return deliveries.includes('unavailable') ? 'unavailable' : 'more';
  }

  #giveUp(event: WaitingEvent, delivery: Delivery | undefined): void {
    if (typeof delivery !== 'object') return;
    const { id, type } = event;
    this.#refused.add(id);
    const { refused } = delivery;
    this.#options.logger.error(
      { id, type, refused },
      'an event of _access cannot be recorded; it stays in access.outbox',
    );
  }

  #failed(error: unknown): void {
    if (this.#isAway || this.#closed) return;
    this.#isAway = true;
    const err = storeError(error, 'store-unavailable');
    const { logger } = this.#options;
    if (err.code === 'access-denied') {
      logger.error(
        { err },
        'this login may not deliver events of _access: nothing can be exported through this process; ' +
          'event-ledger migrate --grant LOGIN=api gives it the right',
      );
    } else logger.warn({ err }, 'events of _access cannot be delivered; they are when it is possible');
  }

  #succeeded(): void {
    this.#pauseMs = FIRST_PAUSE_MS;
    if (this.#isAway) this.#options.logger.info('events of _access are delivered again');
    this.#isAway = false;
  }

  async #pause(): Promise<void> {
    await rest(this.#pauseMs, this.#closing.signal);
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }
}

async function holdsLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>(
    `SELECT pg_try_advisory_xact_lock(${DELIVERY_LOCK}) AS held`,
  );
  return rows[0]?.held === true;
}

/** Does not keep the process alive. */
async function rest(limitMs: number, signal: AbortSignal): Promise<void> {
  await delay(limitMs, undefined, { signal, ref: false }).catch(() => undefined);
}
