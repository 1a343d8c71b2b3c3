/**
 * A private authority, and certificates of servers that it signs (X.509 version 3, RFC 5280). Node can sign but not compose
 * them; they are written here, so that no other program has to be at hand.
 */
import { createHash, createPublicKey, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import {
  bitString,
  boolean,
  integer,
  none,
  objectIdentifier,
  octetString,
  sequence,
  set,
  tagged,
  text,
  time,
} from './der.js';

/** Whoever signs: a name and a private key, RSA or P-256. */
export interface Authority {
  readonly name: string;
  readonly key: KeyObject;
}

export interface Validity {
  readonly from: Date;
  readonly until: Date;
}

export interface ServerNames {
  readonly commonName: string;
  /** host names and IPv4 addresses that clients may reach it by */
  readonly hosts: readonly string[];
}

/** The certificate of an authority, signed by itself. @returns PEM */
export function certifyAuthority(authority: Authority, validity: Validity): string {
  return certificate({
    subject: authority.name,
    publicKey: createPublicKey(authority.key),
    authority,
    validity,
    extensions: [
      // an authority, with none below it
      extension('551d13', sequence(boolean(true), integer(Buffer.of(0))), { critical: true }),
      keyUsage(Buffer.of(0b0000_0110), 1),
    ],
  });
}

/** A certificate for a server, which may show it as a client, too, as the nodes of a cluster do. @returns PEM */
export function certifyServer(
  server: ServerNames & { readonly publicKey: KeyObject },
  authority: Authority,
  validity: Validity,
): string {
  return certificate({
    subject: server.commonName,
    publicKey: server.publicKey,
    authority,
    validity,
    extensions: [
      extension('551d13', sequence(), { critical: true }),
      // digital signature, key encipherment
      keyUsage(Buffer.of(0b1010_0000), 5),
      extension('551d25', sequence(objectIdentifier(SERVER_AUTH), objectIdentifier(CLIENT_AUTH))),
      extension('551d11', sequence(...server.hosts.map(alternativeName))),
    ],
  });
}

const COMMON_NAME = '550403';
const SERVER_AUTH = '2b06010505070301';
const CLIENT_AUTH = '2b06010505070302';
const SHA256_WITH: Readonly<Record<string, Buffer>> = {
  rsa: sequence(objectIdentifier('2a864886f70d01010b'), none()),
  ec: sequence(objectIdentifier('2a8648ce3d040302')),
};

function certificate(parts: {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly authority: Authority;
  readonly validity: Validity;
  readonly extensions: readonly Buffer[];
}): string {
  const { key, name } = parts.authority;
  const algorithm = SHA256_WITH[key.asymmetricKeyType ?? ''];
  if (algorithm === undefined) throw new TypeError(`no certificates with ${key.asymmetricKeyType} keys`);
  const body = sequence(
    tagged(0, integer(Buffer.of(2)), { constructed: true }),
    // positive, and never the same twice
    integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    algorithm,
    distinguishedName(name),
    sequence(time(parts.validity.from), time(parts.validity.until)),
    distinguishedName(parts.subject),
    spki(parts.publicKey),
    tagged(
      3,
      sequence(
        ...parts.extensions,
        extension('551d0e', octetString(identifierOf(parts.publicKey))),
        extension('551d23', sequence(tagged(0, identifierOf(createPublicKey(key))))),
      ),
      { constructed: true },
    ),
  );
  const whole = sequence(body, algorithm, bitString(sign('sha256', body, key)));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function distinguishedName(commonName: string): Buffer {
  return sequence(set(sequence(objectIdentifier(COMMON_NAME), text(commonName))));
}

function extension(oid: string, value: Buffer, { critical = false } = {}): Buffer {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value));
}

function keyUsage(bits: Buffer, unused: number): Buffer {
  return extension('551d0f', bitString(bits, unused), { critical: true });
}

function alternativeName(host: string): Buffer {
  return isIP(host) === 4
    ? tagged(7, Buffer.from(host.split('.').map(Number)))
    : tagged(2, Buffer.from(host));
}

/** Any digest of the key will do (RFC 5280, 4.2.1.2). */
function identifierOf(publicKey: KeyObject): Buffer {
  return createHash('sha1').update(spki(publicKey)).digest();
}

function spki(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' });
}
