/** HTTP status codes: every one that the API answers with is chosen here. */
import type { LedgerErrorCode } from '../ledger/error.js';

/** Problems by their code (API.md): status and title. The `type` of a problem is made of its code. */
export const PROBLEMS = {
  'bad-request': [400, 'The request is malformed'],
  'invalid-json': [400, 'The body is not JSON'],
  'invalid-parameter': [400, 'A parameter is unknown or malformed'],
  'invalid-cursor': [400, 'The cursor does not belong to this query'],
  unauthorized: [401, 'Credentials are missing or wrong'],
  'access-denied': [403, 'The server lacks a right that this needs'],
  'insecure-transport': [403, 'Credentials are not taken over plain HTTP'],
  forbidden: [403, 'The credentials do not allow this'],
  'reserved-source': [403, 'The source is reserved for the ledger itself'],
  'not-found': [404, 'There is nothing here'],
  'method-not-allowed': [405, 'The method is not allowed here'],
  'not-acceptable': [406, 'No acceptable representation'],
  'slow-reader': [408, 'The client does not take what is sent'],
  'request-timeout': [408, 'The request took too long to arrive'],
  conflict: [409, 'Another event is recorded under this identity'],
  'credential-conflict': [409, 'The credential is not one that this can be done to'],
  'ambiguous-id': [409, 'Several sources share this event id'],
  'too-large': [413, 'Too large'],
  'uri-too-long': [414, 'The URL is too long'],
  'unsupported-media-type': [415, 'The media type is not supported'],
  'expectation-failed': [417, 'The expectation cannot be met'],
  'invalid-event': [422, 'The event is not acceptable'],
  'not-i-json': [422, 'The body is not I-JSON'],
  'schema-violation': [422, 'The schema of this type refuses the payload'],
  'invalid-credential': [422, 'There can be no such credential'],
  'invalid-schema': [422, 'The schema cannot be registered'],
  'none-taken': [422, 'No event of the batch was taken'],
  'rate-limited': [429, 'Too many requests'],
  busy: [429, 'Too many of these are running'],
  'headers-too-large': [431, 'The header section is too large'],
  internal: [500, 'Something went wrong on our side'],
  'log-unavailable': [503, 'The event log is unavailable'],
  'log-uncertain': [503, 'It is uncertain whether the event was recorded'],
  'store-unavailable': [503, 'The ledger is unavailable'],
  'too-slow': [503, 'It took too long'],
  'login-busy': [503, 'Too many passwords are being checked'],
  'issuer-unavailable': [503, 'The issuer of access tokens cannot be asked'],
  'shutting-down': [503, 'The server is stopping'],
  'not-ready': [503, 'The server is not ready'],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>;

export type ProblemCode = keyof typeof PROBLEMS;

/** What a failure of ours looks like from outside: its insides stay in the log. */
export const PROBLEM_OF_ERROR: Readonly<Record<LedgerErrorCode, ProblemCode>> = {
  'invalid-input': 'internal',
  'invalid-configuration': 'internal',
  'log-unavailable': 'log-unavailable',
  'log-uncertain': 'log-uncertain',
  'log-diverged': 'log-unavailable',
  'store-unavailable': 'store-unavailable',
  'server-unavailable': 'internal',
  fenced: 'internal',
  'schema-version': 'store-unavailable',
  'access-denied': 'store-unavailable',
  'in-use': 'internal',
  'too-slow': 'too-slow',
  internal: 'internal',
};

/** What became of a submitted event that was not refused. */
export const OUTCOMES = { queued: 202, replay: 200, recorded: 201 } as const;

/** A credential that was made. */
export const CREATED = 201;

/** The same in the contracts of other event loggers (drop-in/), which know no replays. */
export const TAKEN = { plainEvent: 202, typedEvent: 201, action: 202, log: 201 } as const;

/**
 * The status of a batch (API.md): 200 all replays; 202 all queued or replays, or empty; 207 some failed; none taken:
 * 503 when sending it again may help, else 422.
 */
export function batchStatus(statuses: readonly number[]): 200 | 202 | 207 | 422 | 503 {
  const failed = statuses.filter((status) => status >= 400);
  if (statuses.length === 0) return 202;
  if (failed.length === 0) return statuses.every((status) => status === OUTCOMES.replay) ? 200 : 202;
  if (failed.length < statuses.length) return 207;
  return failed.some((status) => status >= 500) ? 503 : 422;
}

export const HEALTH_STATUS = { ok: 200, degraded: 200, down: 503 } as const;
