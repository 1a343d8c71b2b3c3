import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ServerCertificate } from '../../src/http/certificate.js';
import { LedgerError } from '../../src/ledger/error.js';
import { makeCertificate, writeCertificate, type WrittenCertificate } from '../support/certificate.js';
import { temporaryFolder } from '../support/ledger-process.js';

describe('a certificate', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let written: WrittenCertificate;

  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder.remove());
  beforeEach(async () => {
    written = await writeCertificate(folder.path);
  });

  const opened = (): ServerCertificate => new ServerCertificate(written.files);

  it('is read with its key, for TLS 1.2 and later', () => {
    expect(opened().context).toMatchObject({ minVersion: 'TLSv1.2' });
  });

  it('that is not there is named by its variable, and so is a key', () => {
    const nowhere = join(folder.path, 'none');
    const withoutCertificate = (): unknown =>
      new ServerCertificate({ ...written.files, certificate: nowhere });
    expect(withoutCertificate).toThrow(LedgerError);
    expect(withoutCertificate).toThrow(/^TLS_CERT_FILE: cannot be read: ENOENT/);
    expect(() => new ServerCertificate({ ...written.files, key: nowhere })).toThrow(
      /^TLS_KEY_FILE: cannot be read: ENOENT/,
    );
  });

  it('that is none is named, and so is a key that is none', async () => {
    await writeFile(written.files.certificate, 'canary');
    expect(opened).toThrow(/^TLS_CERT_FILE: .*server\.crt holds no certificate in PEM: (?!.*canary)/);
    await written.renew();
    await writeFile(written.files.key, 'canary');
    expect(opened).toThrow(/^TLS_KEY_FILE: .*server\.key holds no private key in PEM(?!.*canary)/);
  });

  it('has the key that belongs to it, without a passphrase', async () => {
    await writeFile(written.files.key, makeCertificate().key);
    expect(opened).toThrow(/^TLS_KEY_FILE: .*server\.key is not the key of the certificate in .*server\.crt/);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const locked = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const;
    await writeFile(written.files.key, privateKey.export(locked));
    expect(opened).toThrow(/^TLS_KEY_FILE: .* without a passphrase/);
  });
});
