/** Problem details (RFC 9457): how the API says what is wrong with a request, or what it could not do. */
import { LedgerError } from '../ledger/error.js';
import { PROBLEM_OF_ERROR, PROBLEMS, type ProblemCode } from './status.js';

export const PROBLEM_TYPE = 'application/problem+json';

/** A place in the request that is wrong: in its body (a JSON Pointer), among its parameters or its header fields (a name). */
export type Place = { readonly keyword: string; readonly detail: string } & (
  { readonly pointer: string } | { readonly parameter: string } | { readonly header: string }
);

export interface Problem {
  readonly code: ProblemCode;
  /** what was wrong, where, and what to do about it */
  readonly detail: string;
  readonly errors?: readonly Place[];
  /** seconds after which the same request may succeed */
  readonly retryAfter?: number;
  /** further header fields that the status asks for (`Allow`, `Accept`) */
  readonly headers?: Readonly<Record<string, string>>;
  /** further members of the problem */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** A problem on its way out of a handler. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

export function refusal(
  code: ProblemCode,
  detail: string,
  more?: Omit<Problem, 'code' | 'detail'>,
): ProblemError {
  return new ProblemError({ code, detail, ...more });
}

export function statusOf(problem: Problem): number {
  return PROBLEMS[problem.code][0];
}

export function problemBody(problem: Problem, requestId: string): Record<string, unknown> {
  const [status, title] = PROBLEMS[problem.code];
  return {
    type: `urn:event-ledger:problem:${problem.code}`,
    title,
    status,
    detail: problem.detail,
    code: problem.code,
    requestId,
    ...(problem.errors === undefined ? {} : { errors: problem.errors }),
    ...problem.members,
  };
}

const DETAILS: Partial<Record<ProblemCode, string>> = {
  'log-unavailable': 'The event log refuses for now, and nothing was recorded; try again in a moment.',
  'log-uncertain':
    'The event may have been recorded or not. Sent again with the same id it is recorded once; without an id ' +
    'it may be recorded twice.',
  'store-unavailable': 'The read model cannot be asked; try again in a moment.',
  'too-slow': 'The query took longer than it may; ask for less, or in a narrower range.',
};

/** A failure of ours as a problem that does not tell the insides. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  const code = error instanceof LedgerError ? PROBLEM_OF_ERROR[error.code] : 'internal';
  const detail = DETAILS[code] ?? 'The failure was logged under the request id.';
  return PROBLEMS[code][0] === 503 ? { code, detail, retryAfter: 2 } : { code, detail };
}
