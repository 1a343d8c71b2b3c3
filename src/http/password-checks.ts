/**
 * Checking passwords costs a fifth of a second of a core: a right one is remembered for a while, a few are checked at a
 * time, and no more wait than can be checked soon; whoever sends the most gives way to others.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KnownCredential } from '../access/credential.js';
import { newSalt, type hashOfPassword } from '../access/secret.js';
import { FairTurnstile } from './fair-turnstile.js';
import { refusal } from './problem.js';

/** Node.js has four threads for this and for files and names of hosts, which shall not wait for passwords. */
const AT_ONCE = 2;
/** Those that are checked, and those that wait: about two seconds' worth. */
const MOST = 20;
const REMEMBERED_MS = 600_000;

interface Remembered {
  readonly digest: Buffer;
  /** by performance.now() */
  readonly until: number;
}

export class PasswordChecks {
  readonly #hashPassword: typeof hashOfPassword;
  /** of this process: what is remembered is worth nothing elsewhere */
  readonly #secret = randomBytes(32);
  /** by the credential's id */
  readonly #remembered = new Map<string, Remembered>();
  /** the same password of the same user is checked once, however many requests bring it */
  readonly #underWay = new Map<string, Promise<boolean>>();
  readonly #turnstile = new FairTurnstile(AT_ONCE, MOST, busy);
  /** what the password of a user whom nobody knows is compared with */
  readonly #nobody = { salt: newSalt(), hash: randomBytes(32) };

  constructor(hashPassword: typeof hashOfPassword) {
    this.#hashPassword = hashPassword;
  }

  /** Whether it was found right a short while ago. */
  remembers({ id }: KnownCredential, password: string): boolean {
    const remembered = this.#remembered.get(id);
    return remembered !== undefined && remembered.until > performance.now() && this.#is(remembered, password);
  }

  /** Whether it was found right ever: for who was let in with it, and never left, as no password of a credential changes. */
  hasFoundRight({ id }: KnownCredential, password: string): boolean {
    const remembered = this.#remembered.get(id);
    return remembered !== undefined && this.#is(remembered, password);
  }

  /**
   * Costs as much for a user whom nobody knows, and answers alike.
   * @param credential null: there is none of this user
   * @param from the address that it came from
   * @throws ProblemError where too many wait already
   */
  check(credential: KnownCredential | null, user: string, password: string, from: string): Promise<boolean> {
    const key = this.#digest(`${credential?.id ?? ''}:${user}:${password}`).toString('base64');
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    const check = this.#turnstile
      .take(from, () => this.#compare(credential, password))
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, check);
    return check;
  }

  async #compare(credential: KnownCredential | null, password: string): Promise<boolean> {
    const { salt, hash } = credential ?? this.#nobody;
    const isRight = timingSafeEqual(await this.#hashPassword(password, salt), hash);
    if (!isRight || credential === null) return false;
    const until = performance.now() + REMEMBERED_MS;
    this.#remembered.set(credential.id, { digest: this.#digest(password), until });
    return true;
  }

  #is({ digest }: Remembered, password: string): boolean {
    return timingSafeEqual(this.#digest(password), digest);
  }

  #digest(text: string): Buffer {
    return createHmac('sha256', this.#secret).update(text).digest();
  }
}

function busy(): Error {
  return refusal('login-busy', 'Too many passwords are being checked; try again in a moment.', {
    retryAfter: 2,
  });
}
