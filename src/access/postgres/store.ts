/** The credentials in memory, as PostgreSQL has them: read whole, at once through NOTIFY, and by a slow poll besides. */
import type { BaseLogger } from 'pino';
import pg from 'pg';
import { storeError } from '../../postgres/errors.js';
import { createClient, endClient } from '../../postgres/pool.js';
import type { KnownCredential } from '../credential.js';
import type { CredentialStore } from '../port.js';
import { atMost } from './at-most.js';
import { CHANNEL, readKnown, writeUses, type Known } from './rows.js';

export interface CredentialStoreOptions {
  /** a login that was granted the group `credentials`; one that lacks it knows of no credentials */
  readonly url: string;
  readonly logger: Pick<BaseLogger, 'warn' | 'info'>;
  /** between two writings of last uses; a minute unless given */
  readonly flushMs?: number;
}

/** A notification that got lost, on a way that nobody knows to be broken. */
const POLL_MS = 10_000;
const RETRY_MS = 1_000;
const FLUSH_MS = 60_000;
/** The connection is not worth waiting for: there is another one in a second. */
const CONNECT_MS = 2_000;
const STATEMENT_MS = 3_000;
/** For the last uses; the goodbye of the connection comes after it. */
const LAST_WORDS_MS = 500;

const INSUFFICIENT_PRIVILEGE = '42501';
const NONE: Known = { keys: new Map(), passwords: new Map() };

export function openCredentialStore(options: CredentialStoreOptions): CredentialStore {
  return new FollowedCredentials(options);
}

class FollowedCredentials implements CredentialStore {
  readonly #options: CredentialStoreOptions;
  readonly #running: Promise<void>;
  #known: Known | null = null;
  /** since the last writing, in milliseconds since 1970 */
  #used = new Map<string, number>();
  #flushedAt = performance.now();
  /** what was said last of why they cannot be read; null: they can */
  #trouble: 'away' | 'denied' | null = null;
  #client: pg.Client | null = null;
  #closed = false;
  /** something may have changed since the last look */
  #stale = false;
  /** looks that were begun since the start, and the last one whose findings are known */
  #begun = 0;
  #learned = 0;
  readonly #wakeUp = new Set<() => void>();
  readonly #whenKnown = new Set<() => void>();

  constructor(options: CredentialStoreOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  get known(): boolean {
    return this.#known !== null;
  }

  key(id: string): KnownCredential | null {
    return this.#known?.keys.get(id) ?? null;
  }

  password(name: string): KnownCredential | null {
    return this.#known?.passwords.get(name) ?? null;
  }

  used(id: string): void {
    this.#used.set(id, Date.now());
  }

  async ready(limitMs: number): Promise<void> {
    if (this.known) return;
    await within(this.#whenKnown, limitMs);
  }

  async caughtUp(limitMs: number): Promise<void> {
    // one that is under way may have looked before the change
    const next = this.#begun + 1;
    const deadline = performance.now() + limitMs;
    this.#wake();
    while (this.#learned < next && !this.#closed) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return;
      await within(this.#whenKnown, leftMs);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await atMost(this.#running, LAST_WORDS_MS);
    if (this.#client !== null) await endClient(this.#client);
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.#follow();
      } catch (error) {
        this.#failed(error);
        await this.#rest(this.#trouble === 'denied' ? POLL_MS : RETRY_MS);
      }
    }
  }

  /** As long as the connection lasts. It listens before it looks: what changes between the two is heard. */
  async #follow(): Promise<void> {
    const client = createClient({
      url: this.#options.url,
      applicationName: 'event-ledger credentials',
      connectTimeoutMs: CONNECT_MS,
      statementTimeoutMs: STATEMENT_MS,
    });
    client.on('notification', () => this.#wake());
    // the next look finds out
    client.on('end', () => this.#wake());
    client.on('error', () => this.#wake());
    this.#client = client;
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      while (!this.#closed) {
        this.#stale = false;
        const look = (this.#begun += 1);
        this.#learn(await readKnown(client));
        this.#learned = look;
        if (performance.now() - this.#flushedAt >= this.#flushMs) await this.#flush(client);
        await this.#rest(Math.min(POLL_MS, this.#flushMs));
      }
      await this.#flush(client);
    } finally {
      this.#client = null;
      await endClient(client);
    }
  }

  get #flushMs(): number {
    return this.#options.flushMs ?? FLUSH_MS;
  }

  async #flush(client: pg.Client): Promise<void> {
    const used = this.#used;
    this.#flushedAt = performance.now();
    if (used.size === 0) return;
    this.#used = new Map();
    try {
      await writeUses(client, used);
    } catch (error) {
      // what was used since is newer
      this.#used = new Map([...used, ...this.#used]);
      throw error;
    }
  }

  #learn(known: Known): void {
    this.#known = known;
    if (this.#trouble !== null) this.#options.logger.info('credentials are read again');
    this.#trouble = null;
    for (const done of [...this.#whenKnown]) done();
  }

  /** Said once. A login whose right was taken away is not to let anybody in by what it knew. */
  #failed(error: unknown): void {
    if (this.#closed) return;
    const trouble = isDenied(error) ? 'denied' : 'away';
    if (trouble === 'denied') {
      this.#known = NONE;
      for (const done of [...this.#whenKnown]) done();
    }
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    const { logger } = this.#options;
    if (trouble === 'denied') {
      logger.warn(
        'this login may not read credentials: only the configured admin is let in; ' +
          'event-ledger migrate --grant LOGIN=credentials gives it the right',
      );
    } else {
      logger.warn(
        { err: storeError(error, 'store-unavailable') },
        'credentials cannot be read; those that are known stay until they can',
      );
    }
  }

  #wake(): void {
    this.#stale = true;
    for (const done of [...this.#wakeUp]) done();
  }

  async #rest(limitMs: number): Promise<void> {
    if (this.#stale || this.#closed) return;
    await within(this.#wakeUp, limitMs);
  }
}

function isDenied(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === INSUFFICIENT_PRIVILEGE;
}

/** Resolves when one of them is called, or after the time, which does not keep the process alive. */
async function within(waiting: Set<() => void>, limitMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      waiting.delete(done);
      resolve();
    };
    const timer = setTimeout(done, limitMs);
    timer.unref();
    waiting.add(done);
  });
}
