/**
 * PostgreSQL without installing it: a server of our own from the binaries in npm packages, its cluster in the data
 * directory. One process owns a data directory at a time; other processes of the same user may use its server.
 */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LedgerError } from '../../ledger/error.js';
import { answers, type Endpoint } from './endpoint.js';
import { dataFiles, explainFileError, readJson } from './files.js';
import { DATABASE, loginUrl, readPasswords, type Login } from './logins.js';
import { livingOwner, takeOwnership } from './ownership.js';
import { findPlace, readPlaceDirectory } from './place.js';
import { runServer } from './server.js';
import type { Logger, Supervisor } from './supervisor.js';

export { roleOf, type Login } from './logins.js';
export { isInitialised } from './place.js';
export type { Logger } from './supervisor.js';

export interface EmbeddedOptions {
  /** LEDGER_DATA; made when it is not there */
  readonly dataDirectory: string;
  readonly logger: Logger;
  /** called, once or twice, when PostgreSQL is at work and the start has nothing to do but wait */
  readonly meanwhile?: () => void;
  /** gives up a start that takes long, as after a crash */
  readonly signal?: AbortSignal;
}

export interface EmbeddedServer {
  /** the name of the ledger's database */
  readonly database: string;
  /** false when another process runs it: `stop` then leaves it alone */
  readonly owned: boolean;
  readonly state: Supervisor['state'];
  /** Where to connect, and as whom; the same for as long as it is not stopped, whatever happens to the server. */
  url(login: Login): string;
  /**
   * When it resolves no process of the server is left. Further calls change nothing.
   * @param limitMs what it may take; default 4.5 s, at least 1 s
   */
  stop(limitMs?: number): Promise<void>;
}

/** How long to wait for a server that another process is starting or restarting. */
const ATTACH_MS = 30_000;

/**
 * Run the server of a data directory: made at the first start, recovered after a crash, whoever caused it. Ready,
 * with database and logins, when it resolves; started again whenever it ends by itself, until it is stopped.
 * @throws LedgerError `in-use` when another process runs it, `invalid-configuration` when nothing can be kept there,
 *   `store-unavailable` when PostgreSQL does not start
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const dataDirectory = resolve(options.dataDirectory);
  try {
    return await startOwned({ ...options, dataDirectory });
  } catch (error) {
    throw explainFileError(error, `LEDGER_DATA (${dataDirectory})`);
  }
}

async function startOwned(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const place = await findPlace(options.dataDirectory);
  const ownership = await takeOwnership(place.directory, `LEDGER_DATA (${options.dataDirectory})`);
  try {
    const server = await runServer({ ...options, place });
    let stopped: Promise<void> | undefined;
    return {
      database: DATABASE,
      owned: true,
      get state() {
        return server.state;
      },
      url: (login) => loginUrl(server.endpoint, server.passwords, login),
      stop: (limitMs) => (stopped ??= server.stop(limitMs).finally(() => ownership.release())),
    };
  } catch (error) {
    await ownership.release();
    throw error;
  }
}

/** The server of a data directory that another process runs; null when none does, or it is not ready. */
export async function findRunning(directory: string): Promise<EmbeddedServer | null> {
  const dataDirectory = resolve(directory);
  try {
    const place = await readPlaceDirectory(dataDirectory);
    if (place === null || (await livingOwner(place)) === null) return null;
    const endpoint = await readJson<Endpoint>(dataFiles(dataDirectory).server);
    if (endpoint === null || !(await answers(endpoint))) return null;
    const passwords = await readPasswords(dataDirectory);
    return {
      database: DATABASE,
      owned: false,
      state: 'running',
      url: (login) => loginUrl(endpoint, passwords, login),
      stop: () => Promise.resolve(),
    };
  } catch (error) {
    throw explainFileError(error, `LEDGER_DATA (${dataDirectory})`);
  }
}

/** Use the running server of a data directory, or run it oneself for as long as it is needed. */
export async function attachOrStart(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const deadline = performance.now() + ATTACH_MS;
  for (;;) {
    const running = await findRunning(options.dataDirectory);
    if (running) return running;
    try {
      return await startEmbedded(options);
    } catch (error) {
      const busy = error instanceof LedgerError && error.code === 'in-use';
      if (!busy || performance.now() > deadline || options.signal?.aborted === true) throw error;
    }
    await sleep(50);
  }
}
