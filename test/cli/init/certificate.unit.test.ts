import { generateKeyPairSync, X509Certificate, type KeyPairKeyObjectResult } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { certifyAuthority, certifyServer } from '../../../src/cli/init/certificate.js';

const validity = { from: new Date('2026-01-01T00:00:00Z'), until: new Date('2051-02-03T04:05:06Z') };
const MAKE: readonly (readonly [string, () => KeyPairKeyObjectResult])[] = [
  ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['P-256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
];

describe.each(MAKE)('certificates with %s keys', (_name, make) => {
  const signing = make();
  const serving = make();
  const authority = { name: 'an authority', key: signing.privateKey };
  const hosts = ['eventstore', 'localhost', '127.0.0.1'];
  const ofAuthority = new X509Certificate(certifyAuthority(authority, validity));
  const server = new X509Certificate(
    certifyServer({ commonName: 'node', hosts, publicKey: serving.publicKey }, authority, validity),
  );

  it('the authority is one, and signed by itself', () => {
    expect(ofAuthority.ca).toBe(true);
    expect(ofAuthority.verify(signing.publicKey)).toBe(true);
    expect(ofAuthority.checkIssued(ofAuthority)).toBe(true);
  });

  it('the server is none, signed by the authority, and of its key', () => {
    expect(server.ca).toBe(false);
    expect(server.verify(signing.publicKey)).toBe(true);
    expect(server.checkIssued(ofAuthority)).toBe(true);
    expect(server.checkPrivateKey(serving.privateKey)).toBe(true);
    expect(server.subject).toBe('CN=node');
  });

  it('the server goes by its names, and no other, and serves and calls', () => {
    expect(server.checkHost('eventstore')).toBe('eventstore');
    expect(server.checkHost('elsewhere')).toBeUndefined();
    expect(server.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  });

  it('is good for as long as it says, beyond 2049, too', () => {
    expect([new Date(server.validFrom), new Date(server.validTo)]).toEqual([validity.from, validity.until]);
  });
});
