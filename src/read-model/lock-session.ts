/**
 * The session that elects the one active projector: it holds an advisory lock for as long as it lives. It pings, and
 * the server ends it when it hangs, so that the lock of a process that stopped is free again soon.
 */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { LedgerError } from '../ledger/error.js';
import { storeError } from '../postgres/errors.js';
import { createClient, endClient } from '../postgres/pool.js';
import { requireVersion } from './migrations.js';
import type { SchemaName } from './schema-name.js';

const RETRY_MS = 250;
const PING_MS = 5_000;
const PING = { text: 'SELECT 1', query_timeout: PING_MS };
const PATIENCE_MS = 1_000;

/** A session that has just ended may hold its lock for a moment: what is refused for longer is another's. */
const TAKEN_MS = 1_000;

/** The server ends the session after so long without a statement: several pings were missed. */
const IDLE_LIMIT = '30s';

export class LockSession {
  readonly #client: pg.Client;
  readonly #lost = new AbortController();
  readonly #ping: NodeJS.Timeout;
  /** node-postgres takes one statement at a time */
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(client: pg.Client) {
    this.#client = client;
    const lose = (): void => this.#lose();
    client.on('error', lose);
    client.on('end', lose);
    this.#ping = setInterval(() => {
      this.run((session) => session.query(PING)).catch(() => undefined);
    }, PING_MS).unref();
  }

  /**
   * Wait for a lock and hold it.
   * @param taken called once when it has been another's for a second
   * @returns null when aborted
   * @throws LedgerError `store-unavailable`, `access-denied`, `schema-version`
   */
  static async open(
    url: string,
    schema: SchemaName,
    signal: AbortSignal,
    taken: () => void = () => undefined,
  ): Promise<LockSession | null> {
    const client = createClient({
      url,
      applicationName: 'event-ledger projector',
      statementTimeoutMs: 30_000,
      settings: {
        idle_session_timeout: IDLE_LIMIT,
        idle_in_transaction_session_timeout: IDLE_LIMIT,
        enable_seqscan: 'off',
        work_mem: '64MB',
      },
    });
    try {
      await client.connect();
      await requireVersion(client);
      const began = performance.now();
      for (let said = false; !signal.aborted;) {
        if (await tryLock(client, schema)) return new LockSession(client);
        if (!said && performance.now() - began > TAKEN_MS) {
          said = true;
          taken();
        }
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    } catch (error) {
      await endClient(client);
      throw storeError(error, 'store-unavailable');
    }
    await endClient(client);
    return null;
  }

  /** Aborted when the session is gone, and the lock with it. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Run statements in the session, after those before. Rejections are node-postgres' own; after one that is no answer of
   * the server nobody knows what the session is doing, and it is given up.
   */
  run<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(() => work(this.#client));
    this.#queue = result.catch((error: unknown) => {
      if (!(error instanceof pg.DatabaseError || error instanceof LedgerError)) this.#lose();
    });
    return result;
  }

  /** Ends the session, which frees the lock, in bounded time: statements that hang are given up. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#ping);
    await Promise.race([this.#queue, delay(PATIENCE_MS, undefined, { ref: false })]);
    await endClient(this.#client);
  }

  #lose(): void {
    if (this.#closed || this.#lost.signal.aborted) return;
    clearInterval(this.#ping);
    this.#lost.abort();
    void endClient(this.#client);
  }
}

/** The projector's lock on a ledger in this database. */
export function lockKey(schema: SchemaName): string {
  return createHash('sha256')
    .update(`event-ledger projector of ${schema}`)
    .digest()
    .readBigInt64BE()
    .toString();
}

/** A lock is tried again and again in place of waiting in the server: the session shows that it is alive. */
async function tryLock(client: pg.Client, schema: SchemaName): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    'SELECT pg_catalog.pg_try_advisory_lock($1::bigint) AS locked',
    [lockKey(schema)],
  );
  return rows[0]?.locked === true;
}
