/** Learning that the ledger's head has moved: at once through NOTIFY, and by polling where that is lost. */
import type pg from 'pg';
import { createClient, endClient } from '../postgres/pool.js';
import type { SchemaName } from './schema-name.js';

export const HEAD_CHANNEL = 'ledger_head';

const POLL_MS = 1_000;

export interface HeadListenerOptions {
  readonly url: string;
  readonly pool: pg.Pool;
  readonly schema: SchemaName;
}

/** One connection and one poll a second for any number of waiters, from the first wait on. */
export class HeadListener {
  readonly #options: HeadListenerOptions;
  readonly #waiters = new Set<() => void>();
  /** the one that listens, or is about to */
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | null = null;
  #polling = false;
  /** as last seen; null before the first look */
  #size: string | null = null;
  #closed = false;

  constructor(options: HeadListenerOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the head has moved since the call, after the time, or when aborted. It may resolve for a move that
   * came shortly before the call, so whoever waits looks again; it misses none that came after.
   */
  moved(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true || this.#closed) return Promise.resolve();
    if (this.#timer === null) this.#start();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timeout);
        signal?.removeEventListener('abort', done);
        this.#waiters.delete(done);
        resolve();
      };
      const timeout = setTimeout(done, timeoutMs);
      signal?.addEventListener('abort', done);
      this.#waiters.add(done);
    });
  }

  /** In bounded time, whatever the server does. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#wake();
    if (this.#client !== null) await endClient(this.#client);
  }

  #start(): void {
    this.#timer = setInterval(() => void this.#poll(), POLL_MS).unref();
    void this.#poll();
  }

  #wake(): void {
    for (const done of [...this.#waiters]) done();
  }

  /** A database that cannot be reached is asked again at the next poll. */
  async #poll(): Promise<void> {
    if (this.#polling || this.#closed) return;
    this.#polling = true;
    try {
      // listening begins before looking: what moves between the two is seen, what moves later is heard
      if (this.#client === null) await this.#listen();
      await this.#look();
    } catch {
      // so long nobody knows whether it moves
    } finally {
      this.#polling = false;
    }
  }

  /** The first look cannot tell whether the head has moved since somebody began to wait: they look for themselves. */
  async #look(): Promise<void> {
    const { pool, schema } = this.#options;
    const { rows } = await pool.query<{ size: string }>(`SELECT size::text AS size FROM ${schema}.head`);
    const size = rows[0]?.size ?? null;
    if (size === this.#size) return;
    this.#size = size;
    this.#wake();
  }

  /** Where it cannot listen, looking has to do until the next poll. */
  async #listen(): Promise<void> {
    const client = createClient({ url: this.#options.url, applicationName: 'event-ledger listener' });
    const lose = (): void => {
      if (this.#client === client) this.#client = null;
    };
    client.on('end', lose);
    client.on('error', () => {
      lose();
      void endClient(client);
    });
    client.on('notification', ({ payload }) => {
      if (payload === this.#options.schema) this.#wake();
    });
    this.#client = client;
    try {
      await client.connect();
      await client.query(`LISTEN ${HEAD_CHANNEL}`);
    } catch {
      await endClient(client);
      lose();
    }
  }
}
