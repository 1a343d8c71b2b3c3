/** Events as they are reported, and what is answered to them. */
import { content } from './answer-shapes.js';
import { Type } from './json-schema.js';
import { codesOf, problemMembers, ProblemShape } from './problem-shapes.js';
import { PROBLEM_TYPE } from './problem.js';
import { closed, EventIdText, HashText, IndexNumber, named, Revision } from './shape-parts.js';
import { ijson, name, text } from './text-shapes.js';

export const SubmittedEvent = named(
  'Event',
  closed({
    id: Type.Optional(
      text('the identity within the source: sent again it is the same event; a UUID or any other text'),
    ),
    source: name("who reports; what begins with _ is the ledger's own"),
    type: name('what happened'),
    payload: ijson('any JSON value; at most 256 KiB in canonical form and 64 levels'),
    timestamp: Type.Optional(
      Type.String({ format: 'date-time', description: 'when it happened: RFC 3339 with an offset' }),
    ),
    actor: Type.Optional(text('who did it, as the producer says')),
    subject: Type.Optional(text('what it is about')),
    context: Type.Optional(ijson('whatever describes the attempt; at most 32 levels')),
  }),
);

const taken = { eventId: EventIdText, source: Type.String(), revision: Revision };

export const Queued = named('Queued', closed({ status: Type.Literal('queued'), ...taken }));
export const Recorded = named(
  'Recorded',
  closed({
    status: Type.Literal('recorded'),
    ...taken,
    index: IndexNumber,
    hash: HashText,
    verdict: Type.Enum(['accepted', 'rejected', 'duplicate']),
  }),
);

const results = Type.Array(
  named(
    'Result',
    Type.Union([
      closed({ status: Type.Enum([200, 202]), ...taken }),
      closed({ status: Type.Integer({ minimum: 400, maximum: 599 }), problem: ProblemShape }),
    ]),
  ),
  { description: 'one for each event, in order' },
);
export const BatchAnswer = named('Results', closed({ results }));

/** None of a batch was taken. */
const BatchProblem = named('BatchProblem', Type.Object({ ...problemMembers, results }));

/** The answers to a batch of which nothing was taken, beside the problems that its status has for others. */
export const batchProblems = (...statuses: readonly number[]) =>
  Object.fromEntries(
    statuses.map((status) => [
      status,
      content(
        PROBLEM_TYPE,
        Type.Union([ProblemShape, BatchProblem]),
        `Problem: ${codesOf(status)}; with \`results\` where none of a batch was taken`,
      ),
    ]),
  );
