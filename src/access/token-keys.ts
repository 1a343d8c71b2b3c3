/**
 * The keys of an issuer, as this process knows them. Whom they are asked for is told by tokens that anybody can send, so
 * an issuer is asked seldom, whatever comes; and one that is away stops no token whose key is known.
 */
import type { CryptoKey, JWSHeaderParameters } from 'jose';
import { createLocalJWKSet } from 'jose/jwks/local';
import type { BaseLogger } from 'pino';
import { fetchKeySet, type KeySource } from './issuer-documents.js';

/** How long keys are used before the issuer is asked again, in ms: that long it takes to withdraw one. */
export const KEYS_LAST_MS = 300_000;

/** The issuer is not asked more often, in ms: that long a new key may stay unknown while others send made-up ones. */
export const COOL_DOWN_MS = 10_000;

/** How long an issuer may take for all that is asked of it at once, in ms. */
export const PATIENCE_MS = 5_000;

export interface TokenKeysOptions extends KeySource {
  readonly logger: Pick<BaseLogger, 'warn' | 'info'>;
  /** the time in ms since 1970 */
  readonly clock: () => number;
  readonly patienceMs: number;
}

type Find = (header: JWSHeaderParameters) => Promise<CryptoKey>;

export class TokenKeys {
  readonly #options: TokenKeysOptions;
  readonly #closing = new AbortController();
  #find: Find | null = null;
  #fetchedAt = 0;
  #askedAt: number | null = null;
  #isAway = false;
  #pending: Promise<void> | null = null;
  #generation = 0;

  constructor(options: TokenKeysOptions) {
    this.#options = options;
  }

  /** Rises whenever keys were fetched: what was verified before may have been by a key that is withdrawn now. */
  get generation(): number {
    return this.#generation;
  }

  /** Ask the issuer again when that was long ago. An issuer that is away is waited for once, then asked on the side. */
  async freshen(): Promise<void> {
    if (this.#find !== null && !this.#passed(KEYS_LAST_MS, this.#fetchedAt)) return;
    this.#askUnlessCoolingDown();
    if (this.#find === null || !this.#isAway) await this.#pending;
  }

  /**
   * The one key that a header means, by its `kid` and `alg` alone: a key, or a place of one, that a token brings along
   * is no key of the issuer. Several that it could mean are none (OpenID Connect Core 1.0, 10.1).
   * @returns `unavailable` when the issuer, which may have that key, cannot be asked
   */
  async keyOf(header: JWSHeaderParameters): Promise<CryptoKey | 'unknown' | 'unavailable'> {
    await this.freshen();
    const known = await this.#known(header);
    if (known !== null) return known;
    this.#askUnlessCoolingDown();
    if (this.#pending !== null) await this.#pending;
    return (await this.#known(header)) ?? (this.#isAway ? 'unavailable' : 'unknown');
  }

  close(): void {
    this.#isAway = true;
    this.#closing.abort();
  }

  /** Keys that cannot be used, such as private ones, count as unknown. */
  async #known(header: JWSHeaderParameters): Promise<CryptoKey | null> {
    if (this.#find === null) return null;
    return this.#find(header).catch(() => null);
  }

  #askUnlessCoolingDown(): void {
    if (this.#pending !== null || this.#closing.signal.aborted) return;
    if (this.#askedAt !== null && !this.#passed(COOL_DOWN_MS, this.#askedAt)) return;
    this.#askedAt = this.#options.clock();
    this.#pending = this.#ask().finally(() => {
      this.#pending = null;
    });
  }

  async #ask(): Promise<void> {
    const { logger, clock, patienceMs } = this.#options;
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(patienceMs)]);
    try {
      this.#find = createLocalJWKSet(await fetchKeySet(this.#options, signal));
      this.#fetchedAt = clock();
      this.#generation++;
      if (this.#isAway) logger.info('the issuer of tokens gives its keys again');
      this.#isAway = false;
    } catch (error) {
      if (!this.#isAway) {
        logger.warn(
          { err: error },
          'the keys of the issuer of tokens cannot be had; those that are known are used',
        );
      }
      this.#isAway = true;
    }
  }

  /** A clock that was set back has passed, too: nothing waits for it to come by again. */
  #passed(duration: number, since: number): boolean {
    return Math.abs(this.#options.clock() - since) >= duration;
  }
}
