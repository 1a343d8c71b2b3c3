/** Problems (RFC 9457) as JSON Schema, and the answers that they are. */
import { content } from './answer-shapes.js';
import { Type } from './json-schema.js';
import { PROBLEM_TYPE } from './problem.js';
import { closed, count, EventIdText, named, orNull, Revision } from './shape-parts.js';
import { PROBLEMS } from './status.js';

const place = { keyword: Type.String(), detail: Type.String() };
const Mistake = named(
  'Mistake',
  Type.Union([
    closed({ pointer: Type.String({ description: 'JSON Pointer into the body' }), ...place }),
    closed({ parameter: Type.String(), ...place }),
    closed({ header: Type.String({ description: 'name of a header field' }), ...place }),
  ]),
);

export const Lag = named(
  'Lag',
  closed({
    events: orNull(count('events that the ledger does not have yet; null where the log cannot tell')),
    seconds: orNull(Type.Number({ minimum: 0 })),
  }),
);

export const problemMembers = {
  type: Type.String({ pattern: '^urn:event-ledger:problem:', description: 'a URN made of the code' }),
  title: Type.String({ description: 'what the code says' }),
  status: Type.Integer({ minimum: 400, maximum: 599 }),
  detail: Type.String({ description: 'what was wrong this time, where, and what to do' }),
  code: Type.Enum(Object.keys(PROBLEMS)),
  requestId: Type.String({ description: "the request's name in the server's own logs" }),
  errors: Type.Optional(Type.Array(Mistake, { description: 'the places that are wrong' })),
};

/** Its further members are named, and there may come to be others (RFC 9457, 3.2). */
export const ProblemShape = named(
  'Problem',
  Type.Object(
    {
      ...problemMembers,
      lag: Type.Optional(Lag),
      sources: Type.Optional(Type.Array(Type.String(), { description: 'of ambiguous-id: which share it' })),
      eventId: Type.Optional(EventIdText),
      source: Type.Optional(Type.String({ description: 'of conflict: whose event is recorded' })),
      revision: Type.Optional(Revision),
    },
    { description: 'RFC 9457. `lag`, of not-found: how far the ledger is behind the log' },
  ),
);

/** Problems as bodies of answers. */
export const PROBLEM_CONTENT = { [PROBLEM_TYPE]: { schema: ProblemShape } };

/** An answer of a status that problems have, too. */
export const orProblem = (answer: ReturnType<typeof content>): ReturnType<typeof content> => ({
  ...answer,
  content: { ...answer.content, ...PROBLEM_CONTENT },
});

/** The problems that a route answers with, besides those that every route has. */
export function problems(...statuses: readonly number[]): Record<number, object> {
  return openProblems(401, 403, 429, ...statuses);
}

/** The problems of a route that asks for no credentials, besides those that every such route has. */
export function openProblems(...statuses: readonly number[]): Record<number, object> {
  return Object.fromEntries([...statuses, ...EVERYWHERE].map((status) => [status, statusProblem(status)]));
}

/** The problem of a status, with the codes that it has. */
export const statusProblem = (status: number) =>
  content(PROBLEM_TYPE, ProblemShape, `Problem: ${codesOf(status)}`);

/** The codes that problems of a status have. */
export function codesOf(status: number): string {
  return Object.entries(PROBLEMS)
    .filter(([, [candidate]]) => candidate === status)
    .map(([code]) => code)
    .join(', ');
}

/** 417 and 431 before there is a route. */
const EVERYWHERE = [400, 406, 417, 431, 500, 503];
