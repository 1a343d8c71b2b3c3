/**
 * Secrets: made here, shown once, and never stored. A key has so much randomness that its plain hash tells nothing; a
 * password may have been chosen by a person, so that trying is made costly.
 */
import { hash, randomBytes, scrypt } from 'node:crypto';

const SECRET_BYTES = 32;
const ID_BYTES = 6;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** OWASP, Password Storage Cheat Sheet: takes 16 MiB and about a fifth of a second of one core. */
const COST = { N: 2 ** 14, r: 8, p: 5 } as const;

export const KEY_PREFIX = 'el_';
const KEY = /^el_([0-9a-f]{12})_([\w-]{43})$/;

/** A key as it is sent, taken apart. */
export interface Key {
  readonly id: string;
  readonly secret: string;
}

export function newId(): string {
  return randomBytes(ID_BYTES).toString('hex');
}

/** 32 random bytes in 43 characters of base64url. */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

export function newSalt(): Buffer {
  return randomBytes(SALT_BYTES);
}

/** The name in front tells scanners of code and logs what it is that they have found. */
export function keyText({ id, secret }: Key): string {
  return `el_${id}_${secret}`;
}

/** @returns null for what is no key of ours */
export function parseKey(text: string): Key | null {
  const [, id, secret] = KEY.exec(text) ?? [];
  return id === undefined || secret === undefined ? null : { id, secret };
}

export function hashOfSecret(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

/** Takes its time in a thread of its own (RFC 7914). */
export function hashOfPassword(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_BYTES, COST, (error, derived) => {
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
}
