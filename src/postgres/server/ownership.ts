/**
 * One process owns a cluster: it starts and stops its server. Ownership dies with its process, and passes on without
 * anybody's doing when the next one asks for it.
 *
 * Owners are a succession of files, owner.1, owner.2 …: the highest one counts. Whoever finds its process gone
 * makes the next one, which the file system lets only one process do. The highest file is never removed, only
 * followed by another, so that two who ask at the same moment cannot both miss it.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LedgerError } from '../../ledger/error.js';
import { createPrivate, readJson, writePrivate } from './files.js';
import { identityOf } from './process.js';

export interface Ownership {
  /** Give it up; whoever asks next gets it. */
  release(): Promise<void>;
}

interface Owner {
  readonly pid: number;
  readonly identity: string;
}

/** What the file of an owner who gave up holds. */
const RELEASED = 'null';

/**
 * @param directory exists
 * @param what names it to the user
 * @throws LedgerError `in-use` when a living process has it
 */
export async function takeOwnership(directory: string, what: string): Promise<Ownership> {
  for (;;) {
    const newest = await newestOwner(directory);
    const owner = await livingAt(directory, newest);
    if (owner) throw new LedgerError('in-use', `${what} is in use by process ${owner.pid}`);
    const mine = newest + 1;
    if (!(await claim(directory, mine))) continue;
    // Whoever was overtaken between looking and claiming finds it out here.
    if ((await newestOwner(directory)) === mine && !(await livingAt(directory, newest))) {
      await removeBefore(directory, newest);
      return { release: () => writePrivate(fileOf(directory, mine), RELEASED) };
    }
    await rm(fileOf(directory, mine), { force: true });
  }
}

/** The process that owns the cluster, null when nobody does. */
export async function livingOwner(directory: string): Promise<number | null> {
  const owner = await livingAt(directory, await newestOwner(directory));
  return owner?.pid ?? null;
}

function fileOf(directory: string, number: number): string {
  return join(directory, `owner.${number}`);
}

/** @returns 0 when there never was one */
async function newestOwner(directory: string): Promise<number> {
  return Math.max(0, ...(await ownerNumbers(directory)));
}

async function ownerNumbers(directory: string): Promise<readonly number[]> {
  const names = await readdir(directory);
  return names.flatMap((name) => (/^owner\.[1-9]\d*$/.test(name) ? [Number(name.slice(6))] : []));
}

async function livingAt(directory: string, number: number): Promise<Owner | null> {
  const owner = number === 0 ? null : await readJson<Owner>(fileOf(directory, number));
  return owner !== null && (await identityOf(owner.pid)) === owner.identity ? owner : null;
}

async function claim(directory: string, number: number): Promise<boolean> {
  const owner: Owner = { pid: process.pid, identity: await identityOf(process.pid) };
  return createPrivate(fileOf(directory, number), JSON.stringify(owner));
}

async function removeBefore(directory: string, number: number): Promise<void> {
  for (const older of await ownerNumbers(directory)) {
    if (older < number) await rm(fileOf(directory, older), { force: true });
  }
}
