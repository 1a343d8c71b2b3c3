/** What a client is told about the events it submitted. */
import type { FastifyReply } from 'fastify';
import type { Static } from 'typebox';
import type { Entry } from '../ledger/types.js';
import { sendProblem } from './errors.js';
import { appliedPreferences, type Preferences } from './prefer.js';
import { problemBody, statusOf, type Problem } from './problem.js';
import type { Outcome } from './recording.js';
import type { BatchAnswer, Queued, Recorded } from './recording-shapes.js';
import { batchStatus, OUTCOMES } from './status.js';

export type Taken = Exclude<Outcome, { status: 'refused' }>;

/** Where the event can be read from at once, straight from the event log. */
export function locationOf({ source, revision }: Taken): string {
  return `/v1/sources/${encodeURIComponent(source)}/events/${revision}`;
}

export function announcePreferences(reply: FastifyReply, applied: Preferences): void {
  const header = appliedPreferences(applied);
  if (header !== null) void reply.header('preference-applied', header);
}

/** @param entry what the ledger made of it, null when that is not known */
export function sendTaken(reply: FastifyReply, taken: Taken, entry: Entry | null): FastifyReply {
  const { eventId, source, revision } = taken;
  void reply.header('location', locationOf(taken));
  if (entry === null) {
    const body: Static<typeof Queued> = { status: 'queued', eventId, source, revision };
    return reply.code(OUTCOMES[taken.status]).send(body);
  }
  const { index, verdict } = entry.header;
  const body: Static<typeof Recorded> = {
    status: 'recorded',
    eventId,
    source,
    revision,
    index,
    hash: entry.hash,
    verdict,
  };
  return reply.code(taken.status === 'replay' ? OUTCOMES.replay : OUTCOMES.recorded).send(body);
}

/** The results in the order of the batch. When nothing was taken, they are members of a problem. */
export function sendResults(reply: FastifyReply, outcomes: readonly Outcome[]): FastifyReply {
  const requestId = reply.request.id;
  const statuses = outcomes.map((one) =>
    one.status === 'refused' ? statusOf(one.problem) : OUTCOMES[one.status],
  );
  const results = outcomes.map((one, index) => {
    const status = statuses[index] ?? 0;
    if (one.status === 'refused') return { status, problem: problemBody(one.problem, requestId) };
    return { status, eventId: one.eventId, source: one.source, revision: one.revision };
  }) as Static<typeof BatchAnswer>['results'];
  const status = batchStatus(statuses);
  if (status === 422 || status === 503) {
    return sendProblem(reply, { ...problemOfBatch(status, outcomes), members: { results } });
  }
  return reply.code(status).send({ results });
}

/** What is said of a batch of which no event is known to be taken. */
export function problemOfBatch(status: 422 | 503, outcomes: readonly Outcome[]): Problem {
  if (status === 422) {
    return { code: 'none-taken', detail: 'No event of the batch was taken; each result says why.' };
  }
  const uncertain = outcomes.some((one) => one.status === 'refused' && one.problem.code === 'log-uncertain');
  return uncertain
    ? {
        code: 'log-uncertain',
        detail: 'Events of the batch may have been recorded or not; each result says which, and what to do.',
        retryAfter: 2,
      }
    : {
        code: 'log-unavailable',
        detail: 'No event of the batch was taken; send it again in a moment.',
        retryAfter: 2,
      };
}
