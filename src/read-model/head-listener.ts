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
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | null = null;
  #size: string | null = null;
  #closed = false;

  constructor(options: HeadListenerOptions) {
    this.#options = options;
  }

  /** Resolves when the head has moved since the call, after the time, or when aborted. */
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
    const { pool, schema } = this.#options;
    try {
      if (this.#client === null) await this.#listen();
      const { rows } = await pool.query<{ size: string }>(`SELECT size::text AS size FROM ${schema}.head`);
      const size = rows[0]?.size ?? null;
      if (this.#size !== null && size !== this.#size) this.#wake();
      this.#size = size;
    } catch {
      this.#client = null;
    }
  }

  async #listen(): Promise<void> {
    const client = createClient({ url: this.#options.url, applicationName: 'event-ledger listener' });
    const forget = (): void => {
      if (this.#client === client) this.#client = null;
    };
    client.on('error', forget);
    client.on('end', forget);
    client.on('notification', ({ payload }) => {
      if (payload === this.#options.schema) this.#wake();
    });
    this.#client = client;
    await client.connect();
    await client.query(`LISTEN ${HEAD_CHANNEL}`);
    if (this.#closed) await endClient(client);
  }
}
