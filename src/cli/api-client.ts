/** The commands' way to the API: credentials, and answers that are no success as errors that say what to do. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readClientConfig, type ClientConfig } from '../config.js';
import { LedgerError } from '../ledger/error.js';

export interface ApiClient {
  readonly url: string;
  /**
   * One request; resolves for every answer below 400.
   * @throws LedgerError `server-unavailable` (unreachable, 429, 5xx), `access-denied` (401, 403), `invalid-input` (any
   *   other 4xx), `internal` (where the ledger itself says that it failed)
   */
  request(path: string, options?: ApiRequest): Promise<Response>;
}

export interface ApiRequest {
  readonly method?: 'GET' | 'POST';
  readonly query?: URLSearchParams;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly signal?: AbortSignal;
  /** answers that are no error though they are 400 or above */
  readonly expected?: readonly number[];
}

export function connectToApi(options: { readonly url?: string; readonly user?: string }): ApiClient {
  const config = readClientConfig(process.env, options);
  const token = Buffer.from(`${config.user}:${findPassword(config)}`).toString('base64');
  return {
    url: config.url,
    async request(path, request = {}) {
      const query = request.query?.toString() ?? '';
      const target = `${config.url}${path}${query === '' ? '' : `?${query}`}`;
      const response = await send(target, request, `Basic ${token}`);
      if (response.status < 400 || request.expected?.includes(response.status)) return response;
      throw await refusal(response, config);
    },
  };
}

/** The configured password, else the one that an embedded server keeps in its data directory. */
function findPassword(config: ClientConfig): string {
  if (config.password !== null) return config.password;
  const path = join(config.dataDirectory, 'admin-password');
  try {
    return readFileSync(path, 'utf8').trimEnd();
  } catch (error) {
    throw new LedgerError(
      'invalid-configuration',
      `LEDGER_ADMIN_PASSWORD: not set, and ${path} cannot be read (${(error as Error).message})`,
      { cause: error },
    );
  }
}

async function send(target: string, request: ApiRequest, authorization: string): Promise<Response> {
  try {
    return await fetch(target, {
      method: request.method ?? 'GET',
      headers: { ...request.headers, authorization },
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      redirect: 'error',
    });
  } catch (error) {
    throw unreachable(new URL(target).origin, error);
  }
}

/** The connection broke, before the answer or in the midst of it. */
export function unreachable(url: string, error: unknown): LedgerError {
  const { cause } = error as { cause?: unknown };
  const detail =
    cause instanceof Error ? cause.message : error instanceof Error ? error.message : String(error);
  return new LedgerError(
    'server-unavailable',
    `${url} cannot be reached (${detail}). Is the server running? LEDGER_URL or --url name another one.`,
    { cause: error },
  );
}

interface Problem {
  readonly code?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly {
    readonly pointer?: string;
    readonly parameter?: string;
    readonly detail?: string;
  }[];
}

async function refusal(response: Response, config: ClientConfig): Promise<LedgerError> {
  const body: unknown = await response.json().catch(() => null);
  const detail = describeProblem(body);
  const { status } = response;
  const where = `${config.url} answered ${status}${detail === '' ? '' : `: ${detail}`}`;
  if (status === 401) {
    return new LedgerError('access-denied', `${where}. Check LEDGER_USER and LEDGER_ADMIN_PASSWORD.`);
  }
  if (status === 403) return new LedgerError('access-denied', where);
  if (status >= 400 && status < 500 && status !== 429) return new LedgerError('invalid-input', where);
  // what stands between us and the ledger answers for itself
  return new LedgerError(
    (body as Problem | null)?.code === 'internal' ? 'internal' : 'server-unavailable',
    where,
  );
}

/**
 * A problem (RFC 9457) in one line, without a full stop. Its `detail` tells of the first place; what it does not tell
 * follows.
 * @param item the place in its batch of the event that it is about, which whoever asks names better: the first token of
 *   the pointers is left out
 */
export function describeProblem(body: unknown, item?: number): string {
  if (typeof body !== 'object' || body === null) return '';
  const { title, detail, errors = [] } = body as Problem;
  const places = errors.map(({ pointer, parameter, detail: what = '' }) => {
    const place = pointer ?? parameter ?? '';
    const shorter = item === undefined ? place : place.replace(new RegExp(`^/${item}(?=/|$)`), '');
    return { what, sent: `${place} ${what}`.trim(), text: `${shorter} ${what}`.trim() };
  });
  const [first, ...others] = places;
  const text = detail ?? title ?? '';
  const said = first === undefined || text.includes(first.what);
  return [
    first === undefined ? text : text.replace(first.sent, () => first.text),
    ...(said ? others : places).map((place) => place.text),
  ]
    .filter((part) => part !== '')
    .join('; ')
    .replace(/\.$/, '');
}
