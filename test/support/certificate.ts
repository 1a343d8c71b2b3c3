/** A certificate for 127.0.0.1, signed by an authority of its own. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  const authority = { name: 'authority of the tests', key: signing.privateKey };
  const server = { commonName: 'server of the tests', hosts: ['127.0.0.1', 'localhost'], publicKey };
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: certifyServer(server, authority, validity),
    authority: certifyAuthority(authority, validity),
  };
}

export interface WrittenCertificate {
  readonly files: { readonly certificate: string; readonly key: string };
  /** of the authority to trust */
  readonly authority: string;
  /** Another pair in the place of what is there. @returns the authority to trust */
  renew(): Promise<string>;
}

/** The same as files of a folder. */
export async function writeCertificate(folder: string): Promise<WrittenCertificate> {
  const files = { certificate: join(folder, 'server.crt'), key: join(folder, 'server.key') };
  const renew = async (): Promise<string> => {
    const { certificate, key, authority } = makeCertificate();
    await writeFile(files.certificate, certificate);
    await writeFile(files.key, key);
    return authority;
  };
  return { files, authority: await renew(), renew };
}
