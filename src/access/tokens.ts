/** OAuth 2.0 access tokens that are JWTs (RFC 9068) of one issuer: to principals. */
import type { JWTPayload } from 'jose';
import {
  JOSEAlgNotAllowed,
  JOSENotSupported,
  JWSInvalid,
  JWTClaimValidationFailed,
  JWTExpired,
  JWTInvalid,
} from 'jose/errors';
import { jwtVerify, type JWTVerifyGetKey } from 'jose/jwt/verify';
import type { BaseLogger } from 'pino';
import type { Json } from '../ledger/types.js';
import { RememberedTokens } from './remembered-tokens.js';
import {
  MAX_TOKEN_LENGTH,
  refusal,
  type RefusalReason,
  type TokenBearer,
  type TokenRefusal,
} from './token-answer.js';
import { principalFrom } from './token-claims.js';
import { PATIENCE_MS, TokenKeys } from './token-keys.js';
import type { TokenSettings } from './token-settings.js';

/** Signatures that only the issuer can make: none by a shared secret, and never `none` (RFC 8725, 3.1 and 3.2). */
export const ALGORITHMS: readonly string[] = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
  ...['EdDSA', 'Ed25519'],
];

/** How far the clocks of issuer and ledger may be apart, in seconds. */
export const CLOCK_TOLERANCE_S = 10;

/** The latest time that a Date has, in ms since 1970. */
const LATEST_MS = 8.64e15;

export interface TokenVerifier {
  /** Who bears a token. Never fails, whatever the token is. */
  principalOf(token: string): Promise<TokenBearer | TokenRefusal>;
  /** The issuer is asked no more; whoever waits for it is refused. */
  close(): void;
}

export interface TokenVerifierOptions extends TokenSettings {
  /** is told once when the issuer cannot be asked, and once when it can again */
  readonly logger: Pick<BaseLogger, 'warn' | 'info'>;
  /** the time in ms since 1970; the system's unless given */
  readonly clock?: () => number;
  /** how long the issuer may take, in ms */
  readonly patienceMs?: number;
}

/** The issuer is asked for its keys when the first token comes: it need not be there before. */
export function openTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { clock = Date.now, patienceMs = PATIENCE_MS } = options;
  const keys = new TokenKeys({ ...options, clock, patienceMs });
  const remembered = new RememberedTokens(clock);

  async function principalOf(token: string): Promise<TokenBearer | TokenRefusal> {
    if (token.length > MAX_TOKEN_LENGTH) return refusal('too-long');
    const known = remembered.get(token);
    if (known !== null) await keys.freshen();
    const { generation } = keys;
    if (known?.generation === generation) return known.bearer;
    const answer = await verify(token, keys, options, clock());
    // keys that came meanwhile count as later ones: the token is verified once more then
    if (answer.ok) remembered.put(token, { bearer: answer, generation });
    return answer;
  }

  return { principalOf, close: () => keys.close() };
}

async function verify(
  token: string,
  keys: TokenKeys,
  settings: TokenSettings,
  now: number,
): Promise<TokenBearer | TokenRefusal> {
  try {
    const { payload } = await jwtVerify(token, keyFrom(keys), {
      algorithms: [...ALGORITHMS],
      issuer: settings.issuer,
      audience: settings.audience,
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(now),
    });
    // RFC 7800, 3: the issuer meant that a thief could not use it
    if (Object.hasOwn(payload, 'cnf')) return refusal('bound');
    const principal = principalFrom(payload as Json, settings);
    if (typeof principal === 'string') return refusal(principal);
    return { ok: true, principal, expiresAtMs: expiryOf(payload) };
  } catch (error) {
    return refusal(reasonOf(error));
  }
}

/** Is asked once the algorithm is one of those above, before the signature is checked. */
function keyFrom(keys: TokenKeys): JWTVerifyGetKey {
  return async (header) => {
    if (!isAccessToken(header.typ)) throw new Refused('type');
    const key = await keys.keyOf(header);
    if (key === 'unknown') throw new Refused('key');
    if (key === 'unavailable') throw new Refused('issuer-unavailable');
    return key;
  };
}

/** RFC 9068, 4; most issuers say JWT, or nothing. Tokens for other ends have other types (RFC 8725, 3.11). */
function isAccessToken(typ: unknown): boolean {
  return typ === undefined || (typeof typ === 'string' && /^(?:application\/)?(?:at\+)?jwt$/i.test(typ));
}

/** As the verification counts: in whole seconds, with the tolerance. */
function expiryOf({ exp = 0 }: JWTPayload): number {
  return Math.min((Math.ceil(exp) + CLOCK_TOLERANCE_S) * 1000, LATEST_MS);
}

/** Thrown to the library, and caught from it. */
class Refused extends Error {
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason) {
    super(reason);
    this.reason = reason;
  }
}

const CLAIM_REASONS: Readonly<Record<string, RefusalReason>> = {
  iss: 'issuer',
  aud: 'audience',
  nbf: 'not-yet-valid',
};

/** What else goes wrong goes wrong with the signature, such as a key of the issuer's that is too short for it. */
function reasonOf(error: unknown): RefusalReason {
  if (error instanceof Refused) return error.reason;
  if (error instanceof JWTExpired) return 'expired';
  if (error instanceof JWTClaimValidationFailed) {
    return error.reason === 'invalid' ? 'claims' : (CLAIM_REASONS[error.claim] ?? 'claims');
  }
  if (error instanceof JOSEAlgNotAllowed) return 'algorithm';
  const isMalformed =
    error instanceof JWSInvalid || error instanceof JWTInvalid || error instanceof JOSENotSupported;
  return isMalformed ? 'malformed' : 'signature';
}
