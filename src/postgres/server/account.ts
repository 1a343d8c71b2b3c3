/**
 * Who runs PostgreSQL. It refuses to run as root, so root lends it to an unprivileged user that exists on the
 * machine; everybody else runs it as themselves.
 */
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LedgerError } from '../../ledger/error.js';

/** A user that a process of ours is started as. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Users that are there for programs like this one, the fittest first. */
const UNPRIVILEGED = ['postgres', '_postgres', 'nobody', 'daemon'];

/** Whether this process is root on a system that has users. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The owner of a file or directory. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Whom to run a server as that works on this owner's cluster: nobody else can open it. Null: as ourselves. */
export function accountOf(owner: Owner): Account | null {
  return isRoot() ? { name: `user ${owner.uid}`, uid: owner.uid, gid: owner.gid } : null;
}

/**
 * Whom to run a new server as; null: as ourselves.
 * @param preferred the owner of the data directory, if that is somebody whom the system knows
 * @throws LedgerError `store-unavailable` when root finds nobody to lend it to
 */
export async function chooseAccount(preferred?: Owner): Promise<Account | null> {
  if (!isRoot()) return null;
  const accounts = parsePasswd(await readFile('/etc/passwd', 'utf8').catch(() => ''));
  const chosen =
    accounts.find(({ uid }) => uid === preferred?.uid) ??
    UNPRIVILEGED.map((name) => accounts.find((account) => account.name === name)).find(Boolean);
  if (chosen) return chosen;
  throw new LedgerError(
    'store-unavailable',
    `PostgreSQL does not run as root, and none of the users ${UNPRIVILEGED.join(', ')} exists; ` +
      'start as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own',
  );
}

/** Users of passwd(5), root and its aliases left out. */
export function parsePasswd(text: string): readonly Account[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , uid = '', gid = ''] = line.split(':');
    const known = name !== '' && /^\d+$/.test(uid) && /^\d+$/.test(gid) && Number(uid) !== 0;
    return known ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

/**
 * Whether a user may go through every directory down to this one, as the permission bits say.
 * @param path exists
 */
export async function canEnter(path: string, account: Account): Promise<boolean> {
  let directory = await realpath(path);
  for (;;) {
    if (!grants(await stat(directory), account, 0o1)) return false;
    const parent = dirname(directory);
    if (parent === directory) return true;
    directory = parent;
  }
}

/** Whether the permission bits give this user all the rights in `bits` (4 read, 2 write, 1 execute or enter). */
export function grants(
  node: { readonly uid: number; readonly gid: number; readonly mode: number },
  account: Account,
  bits: number,
): boolean {
  const shift = node.uid === account.uid ? 6 : node.gid === account.gid ? 3 : 0;
  return ((node.mode >> shift) & bits) === bits;
}
