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

/**
 * The user that PostgreSQL runs as: null for our own.
 * @param owner who owns the cluster that exists already, which nobody else could open
 * @throws LedgerError `store-unavailable` when root finds nobody to lend it to
 */
export async function serverAccount(owner?: { uid: number; gid: number }): Promise<Account | null> {
  if (!isRoot()) return null;
  if (owner && owner.uid !== 0) return { name: `uid ${owner.uid}`, ...owner };
  const accounts = parsePasswd(await readFile('/etc/passwd', 'utf8').catch(() => ''));
  for (const name of UNPRIVILEGED) {
    const account = accounts.get(name);
    if (account) return account;
  }
  throw new LedgerError(
    'store-unavailable',
    `PostgreSQL does not run as root, and none of the users ${UNPRIVILEGED.join(', ')} exists; ` +
      'start as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own',
  );
}

/** Users of passwd(5) by name, root's aliases left out. */
export function parsePasswd(text: string): ReadonlyMap<string, Account> {
  const accounts = new Map<string, Account>();
  for (const line of text.split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (!name || !uid || !gid || Number(uid) === 0) continue;
    if (Number.isInteger(Number(uid)) && Number.isInteger(Number(gid))) {
      accounts.set(name, { name, uid: Number(uid), gid: Number(gid) });
    }
  }
  return accounts;
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
