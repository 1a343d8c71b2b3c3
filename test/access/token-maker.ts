/** Tokens as an issuer makes them, and as an attacker does: by node:crypto alone, so that nothing is checked on the way. */
import { constants, createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

export type Algorithm = 'RS256' | 'PS256' | 'ES256' | 'ES384' | 'EdDSA';

export interface TokenKey {
  readonly alg: Algorithm;
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** as it is published */
  readonly jwk: Record<string, unknown>;
}

export function keyPair(alg: Algorithm, kid: string, modulusLength = 2048): TokenKey {
  const { privateKey, publicKey } = generate(alg, modulusLength);
  return { alg, kid, privateKey, publicKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid } };
}

function generate(alg: Algorithm, modulusLength: number) {
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  if (alg === 'ES384') return generateKeyPairSync('ec', { namedCurve: 'P-384' });
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('rsa', { modulusLength });
}

/** @param header beside `alg` and `kid`, or in their stead */
export function tokenOf(
  claims: unknown,
  key: TokenKey,
  header: Readonly<Record<string, unknown>> = { typ: 'at+jwt' },
): string {
  const signed = signedPart({ alg: key.alg, kid: key.kid, ...header }, claims);
  return `${signed}.${signature(key, signed).toString('base64url')}`;
}

/** A token that is signed by a shared secret, whatever its header says. */
export function hmacToken(header: unknown, claims: unknown, secret: string | Buffer): string {
  const signed = signedPart(header, claims);
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

export function unsignedToken(header: unknown, claims: unknown): string {
  return `${signedPart(header, claims)}.`;
}

function signedPart(header: unknown, claims: unknown): string {
  return [header, claims]
    .map((part) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url'))
    .join('.');
}

function signature({ alg, privateKey: key }: TokenKey, text: string): Buffer {
  const bytes = Buffer.from(text);
  if (alg === 'EdDSA') return sign(null, bytes, key);
  if (alg === 'ES256') return sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' });
  if (alg === 'ES384') return sign('sha384', bytes, { key, dsaEncoding: 'ieee-p1363' });
  if (alg === 'RS256') return sign('sha256', bytes, key);
  return sign('sha256', bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
}
