/** Directories and files with the rights they need, whatever the umask is and whoever runs us. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import {
  chmod,
  lchown,
  link,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  stat,
  type FileHandle,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LedgerError } from '../../ledger/error.js';
import { isRoot, type Account } from './account.js';

/**
 * Make a directory and those above it; what exists stays as it is. What root makes belongs to the owner of the
 * directory it is in, here and below, so that root starting a ledger once does not lock its user out.
 */
export async function makeDirectory(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    // some file systems say that of a directory which is there and takes no new ones
    const parent = dirname(path);
    if (code !== 'ENOENT' || (await isDirectory(parent))) throw error;
    await makeDirectory(parent, mode);
    return makeDirectory(path, mode);
  }
  await chmod(path, mode);
  await giveToOwnerOf(dirname(path), path);
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.isDirectory() === true;
}

/** Make a directory this user's own and nobody else's; a symbolic link that somebody put there is not followed. */
export async function giveTo(path: string, account: Account | null): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | noFollow());
  try {
    await directory.chmod(0o700);
    if (account) await directory.chown(account.uid, account.gid);
  } finally {
    await directory.close();
  }
}

/** Write a file that its owner alone may read: all of it or nothing, and on disk when this resolves. */
export async function writePrivate(path: string, text: string): Promise<void> {
  const draft = await writeDraft(path, text);
  await rename(draft, path);
  await syncDirectory(dirname(path));
}

/**
 * The same for a file that must not be there yet.
 * @returns false when it is, whatever it holds
 */
export async function createPrivate(path: string, text: string): Promise<boolean> {
  const draft = await writeDraft(path, text);
  try {
    await link(draft, path);
    await syncDirectory(dirname(path));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function writeDraft(path: string, text: string): Promise<string> {
  const draft = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await giveToOwnerOf(dirname(path), draft);
  return draft;
}

/** Open a private file at its end; a symbolic link that somebody put there is not followed. */
export async function openPrivateLog(path: string): Promise<FileHandle> {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | noFollow();
  const file = await open(path, flags, 0o600);
  await file.chmod(0o600);
  await giveToOwnerOf(dirname(path), path);
  return file;
}

function noFollow(): number {
  return process.platform === 'win32' ? 0 : constants.O_NOFOLLOW;
}

async function giveToOwnerOf(directory: string, path: string): Promise<void> {
  if (!isRoot()) return;
  const { uid, gid } = await stat(directory);
  await lchown(path, uid, gid);
}

/** @returns null when there is no such file */
async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * @returns null when there is no such file
 * @throws LedgerError `invalid-configuration` when it is not JSON: we write it whole or not at all
 */
export async function readJson<Content>(path: string): Promise<Content | null> {
  const text = await readIfThere(path);
  if (text === null) return null;
  try {
    return JSON.parse(text) as Content;
  } catch (error) {
    throw new LedgerError('invalid-configuration', `${path} is damaged; restore it`, { cause: error });
  }
}

/** Whether anything is there. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Make a rename in this directory survive a loss of power, where the system can. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Errors of the file system that whoever configured us can do something about, in words. */
const MISPLACED: Readonly<Record<string, string>> = {
  EACCES: 'this user may not do that there',
  EPERM: 'this user may not do that there',
  EROFS: 'the file system is read-only',
  ENOENT: 'nothing can be made there',
  ENOTDIR: 'a file is where a directory should be',
  EEXIST: 'a file is where a directory should be',
  EISDIR: 'a directory is where a file should be',
  ELOOP: 'symbolic links lead in a circle, or where none may be',
  ENAMETOOLONG: 'the path is too long',
};

/** Those that pass. */
const PASSING: Readonly<Record<string, string>> = {
  ENOSPC: 'no room is left on the device',
  EDQUOT: 'no room is left in the quota',
  EIO: 'the device fails',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
};

/**
 * What an error of the file system means to whoever set `what`; every other error stays itself.
 * @param what a directory, with the name of the variable that it comes from
 */
export function explainFileError(error: unknown, what: string): unknown {
  if (error instanceof LedgerError || !(error instanceof Error)) return error;
  const { code = '', path = '' } = error as NodeJS.ErrnoException;
  if (!/^E[A-Z]+$/.test(code)) return error;
  const reason = MISPLACED[code] ?? PASSING[code];
  const text =
    reason === undefined ? error.message : `${reason} (${code}${path === '' ? '' : ` at ${path}`})`;
  return MISPLACED[code] === undefined
    ? new LedgerError('store-unavailable', `${what}: ${text}`, { cause: error })
    : new LedgerError('invalid-configuration', `${what} cannot be used: ${text}`, { cause: error });
}

/** What lies in the data directory, by what it is. */
export function dataFiles(dataDirectory: string): {
  readonly place: string;
  readonly logins: string;
  readonly server: string;
  readonly log: string;
} {
  return {
    place: join(dataDirectory, 'place.json'),
    logins: join(dataDirectory, 'logins.json'),
    server: join(dataDirectory, 'server.json'),
    log: join(dataDirectory, 'postgres.log'),
  };
}
