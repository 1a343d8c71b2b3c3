/**
 * Connections to PostgreSQL whose sessions are the same everywhere: what a server, a database or a role is
 * configured to does not change what we read, and nothing waits for ever on a server that hangs.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

export interface PoolOptions {
  readonly url: string;
  /** what pg_stat_activity shows */
  readonly applicationName: string;
  /** connections at most; whoever needs another one waits for `connectTimeoutMs` */
  readonly max: number;
  /** the server ends a statement after so long; default 10 s, 0: never */
  readonly statementTimeoutMs?: number;
  /** for a connection, a new one or a free one; default 5 s */
  readonly connectTimeoutMs?: number;
  /** further settings of each session */
  readonly settings?: Readonly<Record<string, string>>;
}

const STATEMENT_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** So much longer than the server we wait before we believe that it hangs. */
const GRACE_MS = 2_000;

/** Startup options outrank what ALTER ROLE, ALTER DATABASE, postgresql.conf and PGOPTIONS say. */
const SESSION: Readonly<Record<string, string>> = {
  // All SQL names its schema; nothing that somebody creates gets between.
  search_path: 'pg_catalog,pg_temp',
  client_encoding: 'UTF8',
  DateStyle: 'ISO,YMD',
  IntervalStyle: 'iso_8601',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  default_transaction_isolation: 'read committed',
  // An acknowledged event is on disk, whatever the role was set to.
  synchronous_commit: 'on',
  // A policy that hides rows is an error, not a shorter answer.
  row_security: 'off',
  jit: 'off',
};

/** How long a server may take to say goodbye. */
const GOODBYE_MS = 1_000;

/**
 * A pool of such connections, made when needed. Errors reject the calls they happen to; a connection that breaks
 * while nobody uses it is replaced silently. Rejections are node-postgres' own: see errors.ts. `end` takes bounded
 * time: calls still under way a second later are rejected, and no connection is left.
 */
export function createPool(options: PoolOptions): pg.Pool {
  const pool = new EndingPool({
    ...clientConfig(options),
    max: options.max,
    idleTimeoutMillis: 30_000,
  });
  // A client's error without listener would end the process, also while the client is lent out between two queries.
  // The next query on it rejects, which is where the error is dealt with.
  pool.on('connect', (client) => client.on('error', () => undefined));
  pool.on('error', () => undefined);
  return pool;
}

/**
 * node-postgres' pool waits for whoever borrowed a connection, and not for the sockets of the others, which keep the
 * process alive for as long as the server hangs: so it is watched which there are.
 */
class EndingPool extends pg.Pool {
  readonly #sockets: Set<Socket>;
  #ended: Promise<void> | undefined;

  constructor(config: pg.PoolConfig) {
    const sockets = new Set<Socket>();
    const stream = (): Socket => {
      const socket = new Socket();
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      return socket;
    };
    super({ ...config, stream });
    this.#sockets = sockets;
  }

  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> | void {
    this.#ended ??= this.#end();
    if (callback === undefined) return this.#ended;
    void this.#ended.then(callback);
  }

  async #end(): Promise<void> {
    const enough = new AbortController();
    const late = delay(GOODBYE_MS, undefined, { signal: enough.signal }).catch(() => undefined);
    await Promise.race([super.end().then(() => closed(this.#sockets)), late]);
    enough.abort();
    for (const socket of this.#sockets) socket.destroy();
  }
}

async function closed(sockets: ReadonlySet<Socket>): Promise<void> {
  await Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
}

/** One connection with the same settings, for sessions that hold a lock or listen; not connected yet. */
export function createClient(options: Omit<PoolOptions, 'max'>): pg.Client {
  const client = new pg.Client(clientConfig(options));
  client.on('error', () => undefined);
  return client;
}

/** End a connection that `createClient` made, in bounded time: a server that hangs would never answer. */
export async function endClient(client: pg.Client): Promise<void> {
  const timer = setTimeout(() => socketOf(client).destroy(), GOODBYE_MS);
  await client.end().catch(() => undefined);
  clearTimeout(timer);
}

/** node-postgres has it, its types do not. */
function socketOf(client: pg.Client): Duplex {
  return (client as pg.Client & { readonly connection: { readonly stream: Duplex } }).connection.stream;
}

function clientConfig(options: Omit<PoolOptions, 'max'>): pg.ClientConfig {
  const statementTimeoutMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS;
  const settings = { ...SESSION, statement_timeout: String(statementTimeoutMs), ...options.settings };
  return {
    connectionString: withOptions(options.url, startupOptions(settings)),
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    ...(statementTimeoutMs > 0 && { query_timeout: statementTimeoutMs + GRACE_MS }),
  };
}

function startupOptions(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replaceAll(/[\\\s]/g, '\\$&')}`)
    .join(' ');
}

/** The URL's own `options` stay, ours come last and count; pg lets a URL overrule its other configuration. */
function withOptions(url: string, ours: string): string {
  const [place, query] = splitOnce(url, '?');
  const parameters = new URLSearchParams(query);
  const theirs = parameters.get('options');
  parameters.set('options', theirs === null ? ours : `${theirs} ${ours}`);
  return `${place}?${parameters.toString().replaceAll('+', '%20')}`;
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

/**
 * Run something in one transaction: committed when it resolves, rolled back when it rejects. A connection of
 * doubtful state is not used again.
 * @param begin the statement that begins it, with isolation level and access mode
 */
export async function inTransaction<Result>(
  pool: pg.Pool,
  begin: string,
  run: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(begin);
    const result = await run(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // What is no answer of the server leaves a connection whose state nobody knows.
    broken = error instanceof pg.DatabaseError ? await rollback(client) : (error as Error);
    throw error;
  } finally {
    client.release(broken);
  }
}

async function rollback(client: pg.PoolClient): Promise<Error | undefined> {
  try {
    await client.query('ROLLBACK');
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
