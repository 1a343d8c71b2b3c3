/** Who may do what: nobody is asked in insecure mode; else users, and ACLs as the server reads them. */
import type { Metadata } from '@grpc/grpc-js';
import type { DoubleLog } from './double-log.js';
import type { Faults } from './faults.js';
import { originalOf } from './record.js';
import { accessDenied, unauthenticated } from './refusal.js';
import { object, parsed, readAcl, type StreamAcl, type StreamRight } from './stream-metadata.js';
import type { User, Users } from './users.js';

/** What a call may do; of a metadata stream, to the stream that it describes. */
export type Action = 'read' | 'write' | 'delete';

const RIGHTS = { read: '$r', write: '$w', delete: '$d' } as const;
const RIGHTS_OF_METADATA = { read: '$mr', write: '$mw', delete: '$mw' } as const;

export class Access {
  readonly #faults: Faults;
  readonly #log: DoubleLog;
  readonly #users: Users | null;

  /** @param users null: insecure, everything is allowed */
  constructor(faults: Faults, log: DoubleLog, users: Users | null) {
    this.#faults = faults;
    this.#log = log;
    this.#users = users;
  }

  /** @throws Refusal when the caller may not do so to the stream (`$all`: the whole log) */
  check(caller: Metadata, action: Action, stream: string): void {
    this.#faults.checkAccess();
    if (!this.#users) return;
    const user = this.#authenticated(caller);
    if (user.groups.includes('$admins')) return;
    const original = originalOf(stream);
    const right = original === null ? RIGHTS[action] : RIGHTS_OF_METADATA[action];
    const roles = this.#roles(original ?? stream, right);
    if (![user.loginName, '$all', ...user.groups].some((role) => roles.includes(role))) throw accessDenied();
  }

  /** @throws Refusal unless the caller is in one of the groups, or in `$admins` */
  checkGroup(caller: Metadata, ...groups: readonly string[]): void {
    this.#faults.checkAccess();
    if (!this.#users) return;
    const user = this.#authenticated(caller);
    if (!['$admins', ...groups].some((group) => user.groups.includes(group))) throw accessDenied();
  }

  /** Whether the caller is that user. */
  isUser(caller: Metadata, login: string): boolean {
    return this.#users === null || this.#authenticated(caller).loginName === login;
  }

  /** Without credentials nothing is allowed (7), with wrong ones nobody is known (16). */
  #authenticated(caller: Metadata): User {
    const [header] = caller.get('authorization');
    if (header === undefined) throw accessDenied();
    const pair = Buffer.from(String(header).replace(/^Basic /i, ''), 'base64').toString();
    const colon = pair.indexOf(':');
    const login = pair.slice(0, colon);
    const user = this.#users?.find(login);
    if (!user || !this.#users?.knows(login, pair.slice(colon + 1))) throw unauthenticated();
    return user;
  }

  /** The stream's own ACL, then the defaults in `$settings`, then those of the server. */
  #roles(stream: string, right: StreamRight): readonly string[] {
    const isSystem = stream.startsWith('$');
    const own = this.#log.stream(stream)?.metadata.acl;
    const defaults = this.#defaults(isSystem ? '$systemStreamAcl' : '$userStreamAcl');
    return own?.[right] ?? defaults[right] ?? (isSystem ? ['$admins'] : ['$all']);
  }

  #defaults(of: '$systemStreamAcl' | '$userStreamAcl'): StreamAcl {
    const newest = this.#log.stream('$settings')?.records.at(-1);
    const settings = newest ? object(parsed(newest.data)) : null;
    return readAcl(object(settings?.[of]) ?? {});
  }
}
