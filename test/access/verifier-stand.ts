/** A verifier of tokens, its issuer, and a clock that stands until it is moved. */
import { openTokenVerifier, type TokenVerifier, type TokenVerifierOptions } from '../../src/access/tokens.js';
import { readTokenSettings } from '../../src/access/token-settings.js';
import { Variables } from '../../src/variables.js';
import { LocalIssuer } from './local-issuer.js';
import { tokenOf } from './token-maker.js';

export const AUDIENCE = 'https://ledger.example';

/** 2026-11-20T10:00:00Z, in seconds. */
const START = 1_795_168_800;

const ROLES = JSON.stringify({
  'ledger:billing': { roles: ['writer'], sources: ['billing.*'] },
  'ledger:shipping': { roles: ['writer'], sources: ['shipping', 'billing.*'] },
  'ledger:reading': { roles: ['reader'], sources: ['billing.*'] },
  'ledger:all': { roles: ['reader'], sources: ['*', '_access'] },
  'ledger:admin': { roles: ['admin'] },
  'ledger:audit': { roles: ['auditor', 'monitor'] },
});

export class Stand {
  readonly issuer: LocalIssuer;
  readonly verifier: TokenVerifier;
  /** in seconds since 1970 */
  now = START;
  /** what the verifier logged, outages and their ends in turn */
  readonly logged: { readonly level: 'warn' | 'info'; readonly text: string }[] = [];

  private constructor(
    issuer: LocalIssuer,
    environment: Readonly<Record<string, string>>,
    options: Partial<TokenVerifierOptions>,
  ) {
    this.issuer = issuer;
    const settings = readTokenSettings(
      new Variables({
        OIDC_ISSUER: issuer.url,
        OIDC_AUDIENCE: AUDIENCE,
        OIDC_ROLES: ROLES,
        ...environment,
      }),
    );
    if (settings === null) throw new Error('no settings');
    this.verifier = openTokenVerifier({
      ...settings,
      logger: { warn: this.#logs('warn'), info: this.#logs('info') },
      clock: () => this.now * 1000,
      ...options,
    });
  }

  static async open(
    environment: Readonly<Record<string, string>> = {},
    options: Partial<TokenVerifierOptions> = {},
  ): Promise<Stand> {
    return new Stand(await LocalIssuer.start(), environment, options);
  }

  async close(): Promise<void> {
    this.verifier.close();
    await this.issuer.stop();
  }

  /** What a good token claims, but for what is given; undefined leaves a claim out. */
  claims(others: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    return {
      iss: this.issuer.url,
      aud: AUDIENCE,
      sub: 'svc-billing',
      iat: this.now,
      exp: this.now + 600,
      scope: 'openid ledger:billing',
      ...others,
    };
  }

  /** A token that the issuer signs now. */
  token(others: Readonly<Record<string, unknown>> = {}, header?: Readonly<Record<string, unknown>>): string {
    return tokenOf(this.claims(others), this.issuer.key, header);
  }

  /** `ok`, or why a token is refused. */
  async verdict(token: string): Promise<string> {
    const answer = await this.verifier.principalOf(token);
    return answer.ok ? 'ok' : answer.reason;
  }

  #logs(level: 'warn' | 'info') {
    return (...said: readonly unknown[]): void => {
      const text = said.map((part) => (typeof part === 'string' ? part : inWords(part))).join(' ');
      this.logged.push({ level, text });
    };
  }
}

function inWords(part: unknown): string {
  const { err } = part as { readonly err?: Error };
  return err === undefined ? JSON.stringify(part) : `${err.message} ${String(err.cause)}`;
}
