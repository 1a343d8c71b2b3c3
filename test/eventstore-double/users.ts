/** The users of a secured server. They live in the log, where whoever may read $all finds them, password hashes too. */
import { createHash, randomUUID } from 'node:crypto';
import type { DoubleLog } from './double-log.js';
import { proposed, type LogRecord } from './record.js';
import { object, parsed } from './stream-metadata.js';

export interface User {
  readonly loginName: string;
  readonly fullName: string;
  readonly groups: readonly string[];
  readonly disabled: boolean;
  /** 100 ns ticks since 1970 */
  readonly lastUpdated: bigint;
}

/** What an administrator or the user changes; what is absent stays. */
export type UserChange = Partial<Omit<User, 'loginName' | 'lastUpdated'>> & { readonly password?: string };

const NOBODY = { fullName: '', groups: [], disabled: false, salt: '', hash: '' };

export interface FirstPasswords {
  readonly admin: string;
  readonly ops: string;
}

const CHANGEIT: FirstPasswords = { admin: 'changeit', ops: 'changeit' };

export class Users {
  readonly #log: DoubleLog;

  constructor(log: DoubleLog) {
    this.#log = log;
  }

  /** The accounts that a server makes at its first start, unless they are there. */
  addDefaults(passwords = CHANGEIT): void {
    for (const [login, group] of [
      ['admin', '$admins'],
      ['ops', '$ops'],
    ] as const) {
      if (!this.find(login)) this.set(login, { password: passwords[login], groups: [group] });
    }
  }

  find(login: string): User | null {
    const record = this.#newest(login);
    if (!record) return null;
    const { fullName, groups, disabled } = contentOf(record);
    return { loginName: login, fullName, groups, disabled, lastUpdated: record.created };
  }

  all(): readonly User[] {
    const logins = [...this.#log.streams.keys()].filter((name) => name.startsWith('$user-'));
    return logins.map((name) => this.find(name.slice('$user-'.length))).filter((user) => user !== null);
  }

  /** Whether the password is this user's; nobody who is disabled has one. */
  knows(login: string, password: string): boolean {
    const record = this.#newest(login);
    if (!record) return false;
    const { disabled, salt, hash } = contentOf(record);
    return !disabled && hashOf(salt, password) === hash;
  }

  /** Create a user or change one. */
  set(login: string, { password, ...change }: UserChange): void {
    const record = this.#newest(login);
    const secret = password === undefined ? {} : saltedHash(password);
    const content = { loginName: login, ...(record ? contentOf(record) : NOBODY), ...change, ...secret };
    const type = record ? '$UserUpdated' : '$UserCreated';
    this.#log.append(`$user-${login}`, [proposed({ type, data: JSON.stringify(content) })]);
    if (!record) this.#log.append('$users', [proposed({ type: '$User', data: JSON.stringify(login) })]);
  }

  delete(login: string): void {
    this.#log.delete(`$user-${login}`);
  }

  #newest(login: string): LogRecord | undefined {
    const state = this.#log.stream(`$user-${login}`);
    return state?.softDeleted ? undefined : state?.records.at(-1);
  }
}

function contentOf(record: LogRecord): {
  readonly fullName: string;
  readonly groups: readonly string[];
  readonly disabled: boolean;
  readonly salt: string;
  readonly hash: string;
} {
  return { ...NOBODY, ...object(parsed(record.data)) };
}

function saltedHash(password: string): { readonly salt: string; readonly hash: string } {
  const salt = randomUUID();
  return { salt, hash: hashOf(salt, password) };
}

function hashOf(salt: string, password: string): string {
  return createHash('sha256').update(`${salt}:${password}`).digest('base64');
}
