/** The commands' way to the API: where it is, whose credentials, and errors that say what to do about it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as client from '../client/connection.js';
import { readClientConfig, type ClientConfig } from '../config.js';
import { LedgerError } from '../ledger/error.js';

export { describeProblem } from '../client/problem.js';

export interface ApiOptions {
  readonly url?: string;
  readonly user?: string;
}

export interface ApiClient {
  readonly url: string;
  /**
   * One request; resolves for every answer below 400.
   * @throws LedgerError as of `inCommandsWords`
   */
  request(path: string, request?: client.ApiRequest): Promise<Response>;
}

/** @throws LedgerError `invalid-configuration` */
export function connectToApi(options: ApiOptions): ApiClient {
  const connection = connectionOf(options);
  return {
    url: connection.url,
    request: (path, request) =>
      connection.request(path, request).catch((error: unknown) => {
        throw inCommandsWords(error);
      }),
  };
}

/**
 * The API that options and environment name, for what tries again by itself.
 * @throws LedgerError `invalid-configuration`
 */
export function connectionOf(options: ApiOptions): client.Connection {
  const { url, token, user, ...config } = readClientConfig(process.env, options);
  const credentials = token === null ? { user, password: findPassword(config) } : { token };
  try {
    return client.connect({ url, ...credentials });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const name = options.url === undefined ? 'LEDGER_URL' : '--url';
    throw new LedgerError('invalid-configuration', `${name}: ${error.message}`, { cause: error });
  }
}

/** The configured password, else the one that an embedded server keeps in its data directory. */
function findPassword(config: Pick<ClientConfig, 'password' | 'dataDirectory'>): string {
  if (config.password !== null) return config.password;
  const path = join(config.dataDirectory, 'admin-password');
  try {
    return readFileSync(path, 'utf8').trimEnd();
  } catch (error) {
    throw new LedgerError(
      'invalid-configuration',
      `LEDGER_TOKEN and LEDGER_ADMIN_PASSWORD: neither is set, and ${path} cannot be read (${(error as Error).message})`,
      { cause: error },
    );
  }
}

/** The variables that they come from. */
function credentialsInUse(): string {
  const { LEDGER_TOKEN = '', LEDGER_TOKEN_FILE = '' } = process.env;
  if (LEDGER_TOKEN !== '') return 'LEDGER_TOKEN';
  return LEDGER_TOKEN_FILE === '' ? 'LEDGER_USER and LEDGER_ADMIN_PASSWORD' : 'LEDGER_TOKEN_FILE';
}

/** The connection broke, before the answer or in the midst of it. */
export function unreachable(url: string, error: unknown): unknown {
  return inCommandsWords(client.unreachable(url, error));
}

/**
 * The client's error as the commands' own: `server-unavailable` (unreachable, 429, 5xx), `access-denied` (401, 403),
 * `invalid-input` (any other 4xx), `internal` (where the ledger itself says that it failed).
 */
export function inCommandsWords(error: unknown): unknown {
  if (!(error instanceof client.ApiError)) return error;
  const { status, problem, message } = error;
  const told = (code: LedgerError['code'], hint = ''): LedgerError =>
    new LedgerError(code, `${message}${hint}`, { cause: error.cause });
  if (status === null) return told('server-unavailable', hintOf(error));
  if (status === 401) return told('access-denied', `. Check ${credentialsInUse()}.`);
  if (status === 403) return told('access-denied');
  if (!error.retryable) return told('invalid-input');
  // what stands between us and the ledger answers for itself
  return told(problem?.code === 'internal' ? 'internal' : 'server-unavailable');
}

/** What may be wrong where there is no answer, by what Node.js says of the connection. */
function hintOf({ cause, message }: client.ApiError): string {
  const { code = '' } = ((cause as Error | undefined)?.cause ?? {}) as NodeJS.ErrnoException;
  if (/SELF_SIGNED|ISSUER_CERT|VERIFY_LEAF/.test(code))
    return '. NODE_EXTRA_CA_CERTS names the file of an authority that is to be trusted.';
  // expired, or of another host, as the message says
  if (code.includes('CERT')) return '';
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return '. A server without a certificate is asked by http://.';
  const isPerhapsTls = code === 'UND_ERR_SOCKET' && message.startsWith('http:');
  const tls = isPerhapsTls ? ' One with a certificate is asked by https://.' : '';
  return `. Is the server running?${tls} LEDGER_URL or --url name another one.`;
}
