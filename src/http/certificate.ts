/** The certificate that servers show: read from files, and again when it was renewed. */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions, type Server } from 'node:tls';
import type { Logger } from 'pino';
import { LedgerError } from '../ledger/error.js';

/** Paths of PEM files. */
export interface CertificateFiles {
  /** the server's certificate, and those that it takes to get from there to an authority */
  readonly certificate: string;
  /** the private key of the server's, without a passphrase */
  readonly key: string;
}

interface Pair {
  readonly context: SecureContextOptions;
  /** as OpenSSL writes a time */
  readonly validUntil: string;
}

export class ServerCertificate {
  readonly #files: CertificateFiles;
  readonly #servers = new Set<Server>();
  #pair: Pair;

  /** @throws LedgerError `invalid-configuration` naming the variable that is wrong */
  constructor(files: CertificateFiles) {
    this.#files = files;
    this.#pair = readPair(files);
  }

  /** What a server is made with. */
  get context(): SecureContextOptions {
    return this.#pair.context;
  }

  /** From now on its new connections have what was read last; those that are open stay as they are. */
  follow(server: Server): void {
    this.#servers.add(server);
    server.once('close', () => this.#servers.delete(server));
  }

  /** Where the files are wrong, what was read before is kept. */
  readAgain(logger: Logger): void {
    try {
      this.#pair = readPair(this.#files);
    } catch (error) {
      logger.error({ err: error }, 'the certificate could not be read again: the one before is kept');
      return;
    }
    for (const server of this.#servers) server.setSecureContext(this.#pair.context);
    logger.info({ validUntil: this.#pair.validUntil }, 'the certificate was read again');
  }
}

function readPair({ certificate, key }: CertificateFiles): Pair {
  const pem = {
    cert: inWords('TLS_CERT_FILE', 'cannot be read', () => readFileSync(certificate)),
    key: inWords('TLS_KEY_FILE', 'cannot be read', () => readFileSync(key)),
  };
  const shown = inWords('TLS_CERT_FILE', `${certificate} holds no certificate in PEM`, () => {
    return new X509Certificate(pem.cert);
  });
  const secret: KeyObject = inWords(
    'TLS_KEY_FILE',
    `${key} holds no private key in PEM without a passphrase`,
    () => createPrivateKey(pem.key),
  );
  if (!shown.checkPrivateKey(secret)) {
    const detail = `${key} is not the key of the certificate in ${certificate} (TLS_CERT_FILE)`;
    throw new LedgerError('invalid-configuration', `TLS_KEY_FILE: ${detail}`);
  }
  const context: SecureContextOptions = { ...pem, minVersion: 'TLSv1.2' };
  // what is no pair to OpenSSL for another reason: a key that is too short, a chain that is broken off
  inWords('TLS_CERT_FILE', `${certificate} cannot be used`, () => createSecureContext(context));
  return { context, validUntil: shown.validTo };
}

/** @throws LedgerError naming the variable, and what OpenSSL or the system says of its file, which is never a part of a key */
function inWords<Result>(variable: string, what: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    const message = `${variable}: ${what}: ${(error as Error).message}`;
    throw new LedgerError('invalid-configuration', message, { cause: error });
  }
}
