/** A certificate for 127.0.0.1, signed by an authority of its own. */
import { generateKeyPairSync } from 'node:crypto';
import { certifyAuthority, certifyServer } from '../../src/cli/init/certificate.js';

export interface Certificate {
  /** PEM */
  readonly key: string;
  /** PEM */
  readonly certificate: string;
  /** PEM of the authority to trust */
  readonly authority: string;
}

export function makeCertificate(): Certificate {
  const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const validity = { from: new Date('2020-01-01'), until: new Date('2049-12-31') };
  const authority = { name: 'authority of the double', key: signing.privateKey };
  const server = { commonName: 'eventstore double', hosts: ['127.0.0.1', 'localhost'], publicKey };
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: certifyServer(server, authority, validity),
    authority: certifyAuthority(authority, validity),
  };
}
