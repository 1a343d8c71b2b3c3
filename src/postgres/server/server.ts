/** The server of a data directory as its owner runs it: whatever an earlier owner left is put in order first. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LedgerError } from '../../ledger/error.js';
import { unlessAborted } from '../unless-aborted.js';
import { findPackage, prepareBinaries, type Binaries } from './binaries.js';
import { clusterExists, initialiseCluster } from './cluster.js';
import { answers, chooseEndpoint, type Endpoint } from './endpoint.js';
import { dataFiles, writePrivate } from './files.js';
import { rotateLog, watchLog } from './log.js';
import { ensurePasswords, readPasswords, type Passwords } from './logins.js';
import { noteInitialised, type Place } from './place.js';
import {
  disownPostmasterFile,
  endPostmaster,
  findPostmaster,
  startPostmaster,
  type Postmaster,
  type StartOptions,
} from './postmaster.js';
import { SETTINGS } from './settings.js';
import { supervise, type Logger, type Supervisor } from './supervisor.js';

export interface RunOptions {
  /** absolute */
  readonly dataDirectory: string;
  readonly place: Place;
  readonly logger: Logger;
  /** see EmbeddedOptions */
  readonly meanwhile?: () => void;
  readonly signal?: AbortSignal;
}

export interface RunningServer extends Supervisor {
  readonly endpoint: Endpoint;
  readonly passwords: Passwords;
}

/** How long a start may take: after a crash PostgreSQL first repeats what it had not written to its files. */
const START_MS = 600_000;

/** How long the last processes of a server that was killed may keep its memory. */
const LINGER_MS = 15_000;

/** How long an orphan may take to end in order. */
const ORPHAN_PATIENCE_MS = 10_000;

/** How long one may take that was started and is given up before anybody used it. */
const UNUSED_PATIENCE_MS = 3_000;

/** A port that was free a moment ago may be taken when the server wants it. */
const PORT_ATTEMPTS = 3;

/** The caller owns the place. Ready, with database and logins, when it resolves. */
export async function runServer(options: RunOptions): Promise<RunningServer> {
  const { dataDirectory, place, logger } = options;
  const files = dataFiles(dataDirectory);
  const binaries = await prepareBinaries(await findPackage(), place.account, place.binaries);
  await endOrphan(options);
  const passwords = await ensureCluster(options, binaries);
  await rotateLog(files.log);

  const start = (endpoint: Endpoint, more: Pick<StartOptions, 'begun' | 'signal'>): Promise<Postmaster> =>
    startPostmaster(place.cluster, {
      binaries,
      account: place.account,
      endpoint,
      logFile: files.log,
      settings: SETTINGS,
      timeoutMs: START_MS,
      ...more,
    });
  const { meanwhile, signal } = options;
  const { postmaster, endpoint } = await startSomewhere(place, (at) =>
    start(at, { ...(meanwhile && { begun: meanwhile }), ...(signal && { signal }) }),
  );
  try {
    // its client is loaded while the server is made
    const { ensureDatabase } = await import('./database.js');
    await unlessAborted(ensureDatabase(endpoint, passwords), signal);
    await writePrivate(files.server, JSON.stringify(endpoint));
  } catch (error) {
    await endPostmaster(postmaster.pid, { patienceMs: UNUSED_PATIENCE_MS });
    throw error;
  }
  const supervisor = supervise(postmaster, (signal) => start(endpoint, { signal }), logger);
  const unwatchLog = watchLog(files.log);
  return {
    endpoint,
    passwords,
    get state() {
      return supervisor.state;
    },
    async stop(limitMs) {
      unwatchLog();
      await supervisor.stop(limitMs);
      await rm(files.server, { force: true });
    },
  };
}

/** The server of an owner that was killed serves nobody: it is ended, and its data are taken over. */
async function endOrphan(options: RunOptions): Promise<void> {
  const { place, logger } = options;
  const orphan = await findPostmaster(place.cluster);
  if (orphan !== null) {
    logger.warn({ pid: orphan }, 'PostgreSQL was left running by a process that is gone; ending it');
    await endPostmaster(orphan, { patienceMs: ORPHAN_PATIENCE_MS });
  }
  const endpoint = await chooseEndpoint(place.socket);
  if (endpoint.kind === 'socket' && (await answers(endpoint))) {
    throw new LedgerError(
      'in-use',
      `LEDGER_DATA (${options.dataDirectory}) is in use by a server that cannot be seen from here, as in another container`,
    );
  }
  await disownPostmasterFile(place.cluster);
  for (const name of await readdir(place.socket)) await rm(join(place.socket, name), { force: true });
}

/** @returns the passwords that its logins have, or will have when they are made */
async function ensureCluster(options: RunOptions, binaries: Binaries): Promise<Passwords> {
  const { dataDirectory, place, logger } = options;
  const there = await clusterExists(place.cluster);
  if (!there && place.initialised) {
    throw new LedgerError(
      'invalid-configuration',
      `LEDGER_DATA: the database in ${place.cluster} is gone. Restore it; or, to begin an empty ledger, remove ${dataDirectory}`,
    );
  }
  const passwords = there ? await readPasswords(dataDirectory) : await ensurePasswords(dataDirectory);
  if (!there) {
    logger.info({ directory: place.cluster }, 'making a new database');
    await initialiseCluster(place.cluster, {
      binaries,
      account: place.account,
      superuserPassword: passwords.superuser,
      ...(options.meanwhile && { begun: options.meanwhile }),
    });
  }
  if (!place.initialised) await noteInitialised(dataDirectory);
  return passwords;
}

/** Start at a free address, and wait for what is left of a killed server to vanish. */
async function startSomewhere(
  place: Place,
  start: (endpoint: Endpoint) => Promise<Postmaster>,
): Promise<{ postmaster: Postmaster; endpoint: Endpoint }> {
  const deadline = performance.now() + LINGER_MS;
  for (let attempt = 1; ; attempt += 1) {
    const endpoint = await chooseEndpoint(place.socket);
    try {
      return { postmaster: await start(endpoint), endpoint };
    } catch (error) {
      const lingering =
        error instanceof LedgerError && error.code === 'in-use' && performance.now() < deadline;
      const portTaken = endpoint.kind === 'tcp' && attempt < PORT_ATTEMPTS;
      if (!lingering && !portTaken) throw error;
    }
    await sleep(100);
  }
}
