/** Tokens that were verified lately: checking a signature takes longer than the rest of a small request. */
import { hash } from 'node:crypto';
import type { TokenBearer } from './token-answer.js';

/** Tokens that are remembered; of more, the one that was verified first is forgotten. */
export const MOST_REMEMBERED = 1_000;

export interface RememberedToken {
  readonly bearer: TokenBearer;
  /** of the keys: what older ones verified must be verified again */
  readonly generation: number;
}

export class RememberedTokens {
  readonly #clock: () => number;
  /** by SHA-256: no token stays in memory, and comparing takes no longer for one that is nearly right */
  readonly #byHash = new Map<string, RememberedToken>();

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** @returns null when it is unknown or has expired */
  get(token: string): RememberedToken | null {
    const remembered = this.#byHash.get(digest(token));
    return remembered !== undefined && this.#clock() < remembered.bearer.expiresAtMs ? remembered : null;
  }

  put(token: string, remembered: RememberedToken): void {
    const key = digest(token);
    this.#byHash.delete(key);
    this.#byHash.set(key, remembered);
    if (this.#byHash.size <= MOST_REMEMBERED) return;
    for (const oldest of this.#byHash.keys()) {
      this.#byHash.delete(oldest);
      return;
    }
  }
}

function digest(token: string): string {
  return hash('sha256', token, 'base64');
}
