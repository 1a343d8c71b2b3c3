/** One way to the API, on `fetch` alone: credentials, a time limit, and whatever is no success as an error. */
import { authorizationOf, type Authorization, type ClientCredentials } from './credentials.js';
import { describeProblem, type Problem } from './problem.js';

export type ConnectionOptions = ClientCredentials & Target;

interface Target {
  /** of the API, such as `https://ledger.example` */
  readonly url: string;
  /** how long the server may take to begin its answer, in milliseconds; 60,000 unless given */
  readonly timeoutMs?: number;
  /** in the place of the global one */
  readonly fetch?: typeof fetch;
}

export interface Connection {
  readonly url: string;
  /** whether what was refused, or has ended, may be followed by another token */
  readonly tokenChanges: boolean;
  /**
   * One request; resolves for every answer below 400, and those that are expected.
   * @throws ApiError
   */
  request(path: string, request?: ApiRequest): Promise<Response>;
}

export interface ApiRequest {
  readonly method?: 'GET' | 'POST';
  readonly query?: URLSearchParams;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | string;
  readonly signal?: AbortSignal;
  /** answers that are no error though they are 400 or above */
  readonly expected?: readonly number[];
}

/** An answer that is no success, or none at all. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** of the answer; null: there was none */
  readonly status: number | null;
  /** what the API said; null where something else answered, or nothing */
  readonly problem: Problem | null;
  /** when the server asked to come again, in milliseconds from now; null: it did not say */
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    facts: {
      readonly status?: number;
      readonly problem?: Problem | null;
      readonly retryAfterMs?: number | null;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.status = facts.status ?? null;
    this.problem = facts.problem ?? null;
    this.retryAfterMs = facts.retryAfterMs ?? null;
  }

  /** Whether the same request may succeed later, and is safe to repeat where it is safe to repeat at all. */
  get retryable(): boolean {
    const { status } = this;
    return status === null || status === 408 || status === 429 || status >= 500;
  }
}

const TIMEOUT_MS = 60_000;

/** @throws TypeError for a URL that no request can be made to, and for credentials that are none, or two */
export function connect(options: ConnectionOptions): Connection {
  const url = checkedUrl(options.url);
  const authorization = authorizationOf(options);
  const send = options.fetch ?? fetch;
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  return {
    url,
    tokenChanges: authorization.changes,
    async request(path, request = {}) {
      const query = request.query?.toString() ?? '';
      const target = `${url}${path}${query === '' ? '' : `?${query}`}`;
      const ask = (authorizationField: string): Promise<Response> =>
        send(target, {
          method: request.method ?? 'GET',
          headers: { ...request.headers, authorization: authorizationField },
          ...(request.body === undefined ? {} : { body: request.body }),
          ...(request.signal === undefined ? {} : { signal: request.signal }),
          redirect: 'error',
        });
      const answer = askAs(authorization, ask, request.signal);
      const response = await inTime(answer, timeoutMs).catch((error: unknown) => {
        throw unreachable(url, error);
      });
      if (response.status < 400 || request.expected?.includes(response.status)) return response;
      throw await refusal(url, response);
    },
  };
}

/** A token that expired on its way is followed by the next one, where there is another. */
async function askAs(
  authorization: Authorization,
  ask: (authorizationField: string) => Promise<Response>,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const field = await valueOf(authorization, signal);
  const response = await ask(field);
  if (response.status !== 401 || !authorization.changes) return response;
  const next = await valueOf(authorization, signal);
  if (next === field) return response;
  await response.body?.cancel();
  return await ask(next);
}

/**
 * What gives tokens is away as a server may be: it may be asked again.
 * @throws ApiError; the signal's reason when aborted, however long the token takes
 */
async function valueOf(authorization: Authorization, signal: AbortSignal | undefined): Promise<string> {
  const aborted = new AbortController();
  const ended = new Promise<never>((_resolve, reject) => {
    const end = (): void => reject(signal?.reason as Error);
    signal?.addEventListener('abort', end, { once: true, signal: aborted.signal });
    if (signal?.aborted === true) end();
  });
  try {
    return await Promise.race([authorization.value(), ended]);
  } catch (error) {
    if (signal?.aborted === true || !(error instanceof Error)) throw error;
    throw new ApiError(`there is no token to ask with (${error.message})`, { cause: error });
  } finally {
    aborted.abort();
  }
}

/** fetch would find the same mistakes, but at each attempt, and with the password in its message. */
function checkedUrl(url: string): string {
  const { protocol, username, password } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new TypeError('the URL must begin with http:// or https://');
  }
  if (username !== '' || password !== '') {
    throw new TypeError('the URL must not hold a user or a password: they are given beside it');
  }
  return url.replace(/\/+$/, '');
}

/**
 * The time limit is for the answer to begin: a body may take as long as it likes. An answer that comes later is thrown
 * away. No signal is made of the caller's and a timer's: what AbortSignal.any gives may be collected as garbage while a
 * body is read, and then nothing ends it.
 */
async function inTime(answer: Promise<Response>, timeoutMs: number): Promise<Response> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      answer.then((response) => response.body?.cancel()).catch(() => undefined);
      reject(new Error(`no answer within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The connection was not made, or broke before the answer or in the midst of it. */
export function unreachable(url: string, error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const { cause } = error as { readonly cause?: unknown };
  const reason = cause instanceof Error && cause.message !== '' ? cause : error;
  const detail = reason instanceof Error ? wordsOf(reason) : String(reason);
  return new ApiError(`${url} cannot be reached (${detail})`, { cause: error });
}

/** OpenSSL's messages are places in its sources, over several lines. */
function wordsOf(error: Error & { readonly library?: unknown; readonly reason?: unknown }): string {
  return typeof error.library === 'string' && typeof error.reason === 'string' ? error.reason : error.message;
}

async function refusal(url: string, response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const problem = typeof body === 'object' && body !== null ? (body as Problem) : null;
  const { status } = response;
  const detail = describeProblem(problem);
  return new ApiError(`${url} answered ${status}${detail === '' ? '' : `: ${detail}`}`, {
    ...{ status, problem },
    retryAfterMs: secondsOf(response.headers.get('retry-after')),
  });
}

/** @returns milliseconds; null for a date, which our API does not send */
function secondsOf(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : null;
}
