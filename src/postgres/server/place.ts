/**
 * Where the cluster of a data directory lies: in it, or, when the user that PostgreSQL runs as cannot get there,
 * in the system's place for programs' state. A file in the data directory names the place once and for all.
 */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LedgerError } from '../../ledger/error.js';
import { accountOf, canEnter, chooseAccount, isRoot, type Account } from './account.js';
import { createPrivate, dataFiles, exists, giveTo, makeDirectory, readJson, writePrivate } from './files.js';

export interface Place {
  /** absolute */
  readonly directory: string;
  readonly cluster: string;
  /** for the server's Unix socket and nothing else */
  readonly socket: string;
  /** for copies of the binaries */
  readonly binaries: string;
  /** whom PostgreSQL runs as, null: as ourselves */
  readonly account: Account | null;
  /** a cluster was finished here once: if there is none now, it was lost */
  readonly initialised: boolean;
}

interface PlaceFile {
  /** absolute, or relative to the data directory */
  readonly directory: string;
  readonly initialised: boolean;
}

const STATE_DIRECTORY = '/var/lib/event-ledger';
const INSIDE: PlaceFile = { directory: 'postgres', initialised: false };

/**
 * The place of a data directory, made when there is none yet; the same for any number of processes that ask at once.
 * @param dataDirectory absolute
 * @throws LedgerError `invalid-configuration` when nothing can be kept there
 */
export async function findPlace(dataDirectory: string): Promise<Place> {
  await makeDirectory(dataDirectory, isRoot() ? 0o711 : 0o700);
  const named = (await readPlaceFile(dataDirectory)) ?? (await namePlace(dataDirectory));
  const directory = resolve(dataDirectory, named.directory);
  const cluster = join(directory, 'cluster');
  const account = (await exists(cluster))
    ? accountOf(await stat(cluster))
    : await chooseAccount(await stat(dataDirectory));
  await makeDirectory(directory, account ? 0o711 : 0o700);
  if (account && !(await canEnter(directory, account))) {
    throw new LedgerError(
      'invalid-configuration',
      `LEDGER_DATA: PostgreSQL runs as ${account.name} here, who cannot enter ${directory}; move it or open the directories above`,
    );
  }
  const socket = join(directory, 'socket');
  await makeDirectory(socket, 0o700);
  await giveTo(socket, account);
  return {
    directory,
    cluster,
    socket,
    binaries: join(directory, 'binaries'),
    account,
    initialised: named.initialised,
  };
}

/** The place that the data directory names, null before the first start. */
export async function readPlaceDirectory(dataDirectory: string): Promise<string | null> {
  const file = await readPlaceFile(dataDirectory);
  return file && resolve(dataDirectory, file.directory);
}

/** Whether a cluster was finished in this data directory once, wherever it lies. */
export async function isInitialised(dataDirectory: string): Promise<boolean> {
  return (await readPlaceFile(dataDirectory))?.initialised === true;
}

/** Note that the cluster is finished, so that its loss is never taken for a first start. */
export async function noteInitialised(dataDirectory: string): Promise<void> {
  const file = (await readPlaceFile(dataDirectory)) ?? INSIDE;
  await writePrivate(dataFiles(dataDirectory).place, JSON.stringify({ ...file, initialised: true }));
}

function readPlaceFile(dataDirectory: string): Promise<PlaceFile | null> {
  return readJson<PlaceFile>(dataFiles(dataDirectory).place);
}

/** Choose a place and write it down before anything is made there. */
async function namePlace(dataDirectory: string): Promise<PlaceFile> {
  const account = await chooseAccount(await stat(dataDirectory));
  const file =
    account === null || (await canEnter(dataDirectory, account))
      ? INSIDE
      : { directory: await freeStateDirectory(dataDirectory), initialised: false };
  const mine = await createPrivate(dataFiles(dataDirectory).place, JSON.stringify(file));
  return mine ? file : ((await readPlaceFile(dataDirectory)) ?? file);
}

/**
 * Named for the data directory's path. What lies there already belonged to a data directory that was removed: it is
 * left alone, and is no part of the new ledger.
 */
async function freeStateDirectory(dataDirectory: string): Promise<string> {
  const hash = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 32);
  let directory = join(STATE_DIRECTORY, hash);
  for (let next = 2; await exists(directory); next += 1) directory = join(STATE_DIRECTORY, `${hash}-${next}`);
  return directory;
}
