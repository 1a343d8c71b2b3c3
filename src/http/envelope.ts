/** The envelope of a submitted event: its members and their forms, before anything is recorded or looked up. */
import { isObject } from '../ledger/json-object.js';
import { MAX_CONTEXT_DEPTH } from '../ledger/metadata.js';
import { isReserved, nameProblem, textProblem } from '../ledger/name.js';
import { parseTimestamp } from '../ledger/time.js';
import type { Instant, Json } from '../ledger/types.js';
import { nameOf, pointerTo, type Places } from './places.js';
import type { Place, Problem } from './problem.js';

/** An event as its producer sent it, in whatever form. */
export interface Submission {
  readonly source: string;
  readonly type: string;
  readonly payload: Json;
  readonly id: string | null;
  readonly timestamp: string | null;
  /** the timestamp in UTC */
  readonly occurredAt: Instant | null;
  readonly actor: string | null;
  readonly subject: string | null;
  /** undefined: not sent; null is a context */
  readonly context: Json | undefined;
  /** trace context, where the form has a place for it */
  readonly trace: Readonly<Record<string, string>> | null;
  /** what is kept of a CloudEvent besides all of this; null: it was none */
  readonly cloudevent: Readonly<Record<string, Json>> | null;
  readonly places: Places;
}

/**
 * Read one event of a form that events are sent in.
 * @param value as the strict parser gave it
 * @param item place of the event in a batch, null for a single one
 */
export interface EnvelopeReader {
  (value: Json, item: number | null): Submission | Problem;
  /** a member of the value that is taken as it is: null may stand there, where its canonical form is known */
  readonly unread?: string;
}

/** A member that an event in our own form has. */
export type EventMember = Exclude<keyof Submission, 'occurredAt' | 'trace' | 'cloudevent' | 'places'>;

export type Members = Readonly<Record<string, Json>>;

/** What is wrong with a member's value; null when nothing is. */
type Check = (value: Json) => Omit<Place, 'pointer' | 'parameter'> | null;

const text =
  (keyword: string, problem: (value: string) => string | null): Check =>
  (value) => {
    if (typeof value !== 'string') return { keyword: 'type', detail: 'must be string' };
    const detail = problem(value);
    return detail === null ? null : { keyword, detail };
  };

export const timeProblem = (value: string): string | null =>
  textProblem(value) ??
  (parseTimestamp(value) === null
    ? 'must be a date and time of RFC 3339 with an offset, such as 2026-11-20T10:00:00Z, in the years 0001–9999'
    : null);

/** The member of our own form that is taken as it is. */
const PAYLOAD = 'payload';

const CHECKS: ReadonlyMap<string, Check> = new Map<EventMember, Check>([
  ['id', text('text', textProblem)],
  ['source', text('name', nameProblem)],
  ['type', text('name', nameProblem)],
  [PAYLOAD, () => null],
  ['timestamp', text('date-time', timeProblem)],
  ['actor', text('text', textProblem)],
  ['subject', text('text', textProblem)],
  ['context', checkContext],
]);

const REQUIRED = ['source', 'type', PAYLOAD];

/** Beyond these, more mistakes of one envelope are not told. */
export const MOST_MISTAKES = 20;

/** Read an event in our own form. Nothing is coerced, defaulted or dropped. */
export const readEnvelope: EnvelopeReader = Object.assign(readOwnForm, { unread: PAYLOAD });

function readOwnForm(value: Json, item: number | null): Submission | Problem {
  if (!isObject(value)) {
    return invalidEvent([{ pointer: pointerTo(item), keyword: 'type', detail: 'must be object' }]);
  }
  const mistakes = findMistakes(value, item);
  if (mistakes.length > 0) return invalidEvent(mistakes);
  const submission = submissionOf(value, ENVELOPE_PLACES);
  return isReserved(submission.source) ? reservedSource(submission, item) : submission;
}

type SourcePlace = Pick<Submission, 'source' | 'places'>;

export function reservedSource({ source, places }: SourcePlace, item: number | null): Problem {
  const detail = "sources that begin with '_' are the ledger's own";
  return {
    code: 'reserved-source',
    detail: `No client may write to the source ${JSON.stringify(source)}: ${detail}.`,
    errors: [{ ...places.spot('source', item), keyword: 'reserved', detail }],
  };
}

export function foreignSource({ source, places }: SourcePlace, item: number | null): Problem {
  const detail = 'must be a source that the credentials may write to';
  return {
    code: 'forbidden',
    detail: `These credentials may not write to the source ${JSON.stringify(source)}.`,
    errors: [{ ...places.spot('source', item), keyword: 'principal', detail }],
  };
}

/** Where the parts of an event in our own form stand. */
export const ENVELOPE_PLACES: Places = {
  payloadMember: PAYLOAD,
  spot: (part, item) => ({
    pointer: part === 'event' ? pointerTo(item) : pointerTo(item, part === 'metadata' ? 'context' : part),
  }),
};

function findMistakes(members: Members, item: number | null): Place[] {
  const mistakes: Place[] = [];
  for (const name of REQUIRED) {
    if (!Object.hasOwn(members, name)) {
      mistakes.push({ pointer: pointerTo(item, name), keyword: 'required', detail: 'is missing' });
    }
  }
  for (const name in members) {
    const mistake = CHECKS.has(name)
      ? memberMistake(name as EventMember, members[name] ?? null)
      : { keyword: 'additionalProperties', detail: 'is no member of an event' };
    if (mistake !== null) mistakes.push({ pointer: pointerTo(item, name), ...mistake });
    if (mistakes.length === MOST_MISTAKES) break;
  }
  return mistakes;
}

/** What is wrong with the value of a member; null when nothing is. */
export function memberMistake(name: EventMember, value: Json): ReturnType<Check> {
  return CHECKS.get(name)?.(value) ?? null;
}

/** @param members of our own form, without mistakes */
export function submissionOf(members: Members, places: Places): Submission {
  const { source, type, payload = null, id = null, timestamp = null, actor = null, subject = null } = members;
  return {
    source: source as string,
    type: type as string,
    payload,
    id: id as string | null,
    timestamp: timestamp as string | null,
    occurredAt: timestamp === null ? null : parseTimestamp(timestamp as string),
    actor: actor as string | null,
    subject: subject as string | null,
    context: members.context,
    trace: null,
    cloudevent: null,
    places,
  };
}

/** @param errors what is wrong with an event, one thing at least */
export function invalidEvent(errors: readonly Place[]): Problem {
  const [first] = errors;
  const place = first === undefined ? '' : nameOf(first);
  return { code: 'invalid-event', detail: `${place || 'the event'} ${first?.detail ?? ''}`, errors };
}

function checkContext(value: Json): ReturnType<Check> {
  if (fits(value, MAX_CONTEXT_DEPTH)) return null;
  return { keyword: 'depth', detail: `must have at most ${MAX_CONTEXT_DEPTH} levels of arrays and objects` };
}

/** Whether a value has at most so many levels; goes no deeper than that. */
export function fits(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values<Json>(value).every((item) => fits(item, levels - 1));
}
