/**
 * What is said of a token: who bears it, or why it is refused. A refusal is a sentence of ours, the same for every token:
 * nothing that stood in one is in an answer, an error or a log line.
 */
import type { Principal } from './principal.js';

/** Longest token that is looked at, in characters. */
export const MAX_TOKEN_LENGTH = 8_192;

const REFUSALS = {
  'too-long': `the token must have at most ${MAX_TOKEN_LENGTH} characters`,
  malformed: 'the token must be a signed JWT, without extensions',
  algorithm: 'the token must be signed by an algorithm with a public key',
  type: 'the token must be an access token: its type, where it has one, at+jwt or JWT',
  key: 'the token must be signed by a key of the issuer',
  signature: 'the signature of the token must be right',
  issuer: 'the token must be of the issuer that is trusted',
  audience: 'the token must be for this audience',
  expired: 'the token must not have expired',
  'not-yet-valid': 'the token must be valid already',
  claims: 'the token must say when it expires, and its claims must be well-formed',
  bound: 'the token must not be bound to a key of its bearer (cnf), which is not asked for here',
  name: 'the token must name its bearer, by at most 512 bytes of UTF-8 without control characters or white space at the ends',
  sources: 'the token must not make its bearer a writer and a reader of different sources',
  /** the only one that passes by itself */
  'issuer-unavailable': 'the keys of the issuer of tokens cannot be had for now',
} as const;

export type RefusalReason = keyof typeof REFUSALS;

export interface TokenBearer {
  readonly ok: true;
  readonly principal: Principal;
  /** when the token is refused from, in ms since 1970: what goes on for longer must end then */
  readonly expiresAtMs: number;
}

export interface TokenRefusal {
  readonly ok: false;
  readonly reason: RefusalReason;
  /** for people */
  readonly detail: string;
}

export function refusal(reason: RefusalReason): TokenRefusal {
  return { ok: false, reason, detail: REFUSALS[reason] };
}
