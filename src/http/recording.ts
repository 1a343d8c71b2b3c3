/** Events into the log: each identity once, and no success before it is known that these very bytes are stored. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { LedgerError } from '../ledger/error.js';
import type { EventId, Revision, StreamEvent } from '../ledger/types.js';
import type { AppendOutcome, Candidate, EventLog } from '../event-log/port.js';
import type { Admitted } from './admission.js';
import type { IdentityLookups, LookedUp } from './identity-lookups.js';
import { nameOf } from './places.js';
import { problemOf, type Place, type Problem } from './problem.js';
import { isReplay } from './replay.js';

/** What became of a submitted event. */
export type Outcome =
  | {
      readonly status: 'queued' | 'replay';
      readonly eventId: EventId;
      readonly source: string;
      readonly revision: Revision;
    }
  | { readonly status: 'refused'; readonly problem: Problem };

/** An event on its way into the log. */
export interface Pending {
  readonly event: Admitted;
  /** place in the batch, null for a single event */
  readonly item: number | null;
  /** what the schema refuses, and the client does not want recorded all the same */
  readonly violations: readonly Place[];
}

export interface Recording {
  readonly log: Pick<EventLog, 'append' | 'readSource' | 'lookUp'>;
  readonly lookups: Pick<IdentityLookups, 'find' | 'read'>;
  readonly logger: Logger;
  /** how long an append whose outcome is uncertain is tried again; 10 s unless given */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 10_000;
/** Where to look when nobody knows what the ledger has (DESIGN.md, At the door). */
const NEWEST_EVENTS = 10_000;

/**
 * Record events of one source, in their order. What is recorded under their identities already is looked for first,
 * in the ledger and then in the log, so that a replay is never judged again.
 */
export async function recordEvents(
  parts: Recording,
  source: string,
  pending: readonly Pending[],
): Promise<ReadonlyMap<Pending, Outcome>> {
  const outcomes = new Map<Pending, Outcome>();
  const known = await lookUp(parts.lookups, source, pending);
  const since = await compareKnown(parts.lookups, pending, known, outcomes);
  const recordable: Pending[] = [];
  const refused: Pending[] = [];
  for (const one of pending) {
    if (outcomes.has(one)) continue;
    if (one.violations.length === 0) recordable.push(one);
    else if (one.event.fresh) outcomes.set(one, violation(one));
    else refused.push(one);
  }
  if (recordable.length > 0) await append(parts, source, recordable, since, outcomes);
  if (refused.length > 0) await findReplays(parts, source, refused, since, outcomes);
  return outcomes;
}

async function lookUp(
  lookups: Pick<IdentityLookups, 'find'>,
  source: string,
  pending: readonly Pending[],
): Promise<LookedUp> {
  const ids = pending.filter(({ event }) => !event.fresh).map(({ event }) => event.id);
  return ids.length === 0 ? { places: new Map(), since: null } : await lookups.find(source, ids);
}

/**
 * Compare with what the ledger has, of which a bounded part is held at a time: few bytes may ask for very many.
 * @returns from which revision on the log decides about the rest: what the ledger cannot show is among it
 */
async function compareKnown(
  lookups: Recording['lookups'],
  pending: readonly Pending[],
  { places, since }: LookedUp,
  outcomes: Map<Pending, Outcome>,
): Promise<Revision | null> {
  const asking = byId(pending.filter(({ event }) => !event.fresh && places.has(event.id)));
  const wanted = [...places].filter(([id]) => asking.has(id));
  if (wanted.length === 0) return since;
  for await (const { header, data, metadata } of lookups.read(wanted.map(([, { index }]) => index))) {
    const { id, type, revision } = header;
    for (const one of asking.get(id) ?? [])
      outcomes.set(one, compare(one, { type, revision, data, metadata }));
    asking.delete(id);
  }
  const unread = wanted.filter(([id]) => asking.has(id)).map(([, { revision }]) => revision);
  return since === null ? null : unread.reduce((first, each) => (each < first ? each : first), since);
}

function byId(pending: readonly Pending[]): Map<EventId, readonly Pending[]> {
  const groups = new Map<EventId, Pending[]>();
  for (const one of pending) {
    const group = groups.get(one.event.id);
    if (group === undefined) groups.set(one.event.id, [one]);
    else group.push(one);
  }
  return groups;
}

async function append(
  parts: Recording,
  source: string,
  pending: readonly Pending[],
  since: Revision | null,
  outcomes: Map<Pending, Outcome>,
): Promise<void> {
  try {
    const candidates = pending.map(({ event }) => candidateOf(event));
    const appended = await appendCertainly(parts, source, candidates, since);
    for (const [index, one] of pending.entries()) {
      const outcome = appended[index];
      if (outcome?.status !== 'present') outcomes.set(one, outcomeOf(one, outcome));
    }
    for (const [index, one] of pending.entries()) {
      const outcome = appended[index];
      if (outcome?.status === 'present')
        outcomes.set(one, await comparePresent(parts, source, one, outcome.revision));
    }
  } catch (error) {
    const open = pending.filter((one) => !outcomes.has(one));
    refuseAll(parts.logger, open, error, outcomes);
  }
}

/** Compare with the event at a revision; one at a time, as it may be far larger than what was sent. */
async function comparePresent(
  { log }: Recording,
  source: string,
  one: Pending,
  revision: Revision,
): Promise<Outcome> {
  const found = await log.lookUp(source, revision);
  if (found.status === 'found') return compare(one, found.event);
  throw new LedgerError(
    'log-unavailable',
    `the event log no longer shows revision ${revision} of the source`,
  );
}

function candidateOf({ id, submission, data, metadata, fresh }: Admitted): Candidate {
  return { id, type: submission.type, data, metadata, fresh };
}

/**
 * After an uncertain outcome the same identities are sent again, to be found or written; whatever fails then, the
 * first attempt stays uncertain.
 */
async function appendCertainly(
  { log, patienceMs = PATIENCE_MS }: Recording,
  source: string,
  candidates: readonly Candidate[],
  since: Revision | null,
): Promise<readonly AppendOutcome[]> {
  const deadline = Date.now() + patienceMs;
  const options = since === null ? {} : { since };
  let uncertainty: LedgerError | null = null;
  let attempt = candidates;
  for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 1_000)) {
    try {
      return await log.append(source, attempt, options);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      if (error.code === 'log-uncertain') uncertainty ??= error;
      if (uncertainty === null) throw error;
      if (Date.now() + pauseMs > deadline) throw uncertainty;
      attempt = candidates.map((candidate) => ({ ...candidate, fresh: false }));
      await delay(pauseMs);
    }
  }
}

function outcomeOf(
  one: Pending,
  outcome: Exclude<AppendOutcome, { readonly status: 'present' }> | undefined,
): Outcome {
  if (outcome === undefined)
    throw new LedgerError('internal', 'the log gave fewer outcomes than it took events');
  if (outcome.status === 'appended') return recorded('queued', one, outcome.revision);
  const spot = one.event.submission.places.spot('event', one.item);
  const { reason } = outcome;
  const errors = [{ ...spot, keyword: 'log', detail: reason }];
  return refusedAs({
    code: 'invalid-event',
    detail: `The event log cannot take this event: ${reason}.`,
    errors,
  });
}

/** An event that the log or the ledger has under this identity: the same, or another. */
function compare(one: Pending, found: Pick<StreamEvent, 'type' | 'data' | 'metadata' | 'revision'>): Outcome {
  // the salt is random: equal metadata is our own append, whose first answer was lost
  if (found.metadata.equals(one.event.metadata)) return recorded('queued', one, found.revision);
  if (isReplay(one.event, found)) return recorded('replay', one, found.revision);
  const { source, id, places } = one.event.submission;
  const detail = `is the id of another event of this source, recorded at revision ${found.revision}`;
  return refusedAs({
    code: 'conflict',
    detail: `${JSON.stringify(id)} ${detail}.`,
    errors: [{ ...places.spot('id', one.item), keyword: 'conflict', detail }],
    members: { eventId: one.event.id, source, revision: found.revision },
  });
}

/** What a schema refuses may still be a replay of what was recorded before the schema was. */
async function findReplays(
  { log, logger }: Recording,
  source: string,
  refused: readonly Pending[],
  since: Revision | null,
  outcomes: Map<Pending, Outcome>,
): Promise<void> {
  const wanted = byId(refused);
  try {
    const events = log.readSource(
      source,
      since === null ? { direction: 'backwards', limit: NEWEST_EVENTS } : { from: since },
    );
    for await (const event of events) {
      for (const one of wanted.get(event.id) ?? []) {
        // the first event of an identity counts
        if (since === null || !outcomes.has(one)) outcomes.set(one, compare(one, event));
      }
    }
  } catch (error) {
    refuseAll(logger, refused, error, outcomes);
    return;
  }
  for (const one of refused) if (!outcomes.has(one)) outcomes.set(one, violation(one));
}

function refuseAll(
  logger: Logger,
  pending: readonly Pending[],
  error: unknown,
  outcomes: Map<Pending, Outcome>,
): void {
  if (!(error instanceof LedgerError) || error.code === 'internal') throw error;
  logger.warn({ err: error, events: pending.length }, 'the event log did not take events');
  const problem = problemOf(error);
  for (const one of pending) outcomes.set(one, refusedAs(problem));
}

function violation({ event, violations }: Pending): Outcome {
  const [first] = violations;
  const place = (first !== undefined && nameOf(first)) || 'the payload';
  return refusedAs({
    code: 'schema-violation',
    detail: `The schema of ${JSON.stringify(event.submission.type)} refuses it: ${place} ${first?.detail ?? ''}`,
    errors: violations,
  });
}

function recorded(status: 'queued' | 'replay', { event }: Pending, revision: Revision): Outcome {
  return { status, eventId: event.id, source: event.submission.source, revision };
}

function refusedAs(problem: Problem): Outcome {
  return { status: 'refused', problem };
}
