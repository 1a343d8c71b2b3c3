/**
 * The contracts of other event loggers, as names: what they call the members of an event. What is wrong with an event is
 * told in the names that it was sent with.
 */
import { canonicalJson } from '../../ledger/canonical-json.js';
import { pointerOf } from '../../ledger/json-pointer.js';
import { isReserved } from '../../ledger/name.js';
import { MAX_DEPTH, parseStrictJson } from '../../ledger/strict-json.js';
import type { Json } from '../../ledger/types.js';
import { isObject } from '../../ledger/json-object.js';
import {
  fits,
  invalidEvent,
  memberMistake,
  MOST_MISTAKES,
  reservedSource,
  submissionOf,
  type EnvelopeReader,
  type EventMember,
  type Members,
} from '../envelope.js';
import type { Places } from '../places.js';
import type { Place } from '../problem.js';

export interface Contract {
  /** the members that a body may have, and the event's that each of them is */
  readonly members: ReadonlyMap<string, EventMember>;
  readonly required: readonly EventMember[];
  /** whether all others together are the payload, unless a member is; else they are refused */
  readonly othersArePayload: boolean;
}

/** Members of our own form that stand in each of these contracts, too. */
export const BESIDE: readonly (readonly [string, EventMember])[] = [
  ['id', 'id'],
  ['timestamp', 'timestamp'],
  ['context', 'context'],
];

/** @param absent what an event has where its body does not say it */
export function readerOf(contract: Contract, absent: Members): EnvelopeReader {
  return (body) => {
    if (!isObject(body)) return invalidEvent([{ pointer: '', keyword: 'type', detail: 'must be object' }]);
    const parts = takeApart(body, contract);
    const { event, names, others } = parts;
    const isPayload = contract.othersArePayload && !names.has('payload');
    if (isPayload) event.payload = others;
    const mistakes = [
      ...parts.mistakes,
      ...missing(contract, names),
      ...(isPayload ? tooDeep(others) : tooMany(others, names.get('payload'))),
    ];
    if (mistakes.length > 0) return invalidEvent(mistakes.slice(0, MOST_MISTAKES));
    const submission = submissionOf({ ...absent, ...event }, placesOf(names));
    return isReserved(submission.source) ? reservedSource(submission, null) : submission;
  };
}

/** What a body calls the members of its event. */
type Names = ReadonlyMap<EventMember, string>;

interface Parts {
  readonly event: Record<string, Json>;
  readonly names: Names;
  readonly others: Members;
  readonly mistakes: readonly Place[];
}

function takeApart(body: Members, { members }: Contract): Parts {
  const event: Record<string, Json> = {};
  const names = new Map<EventMember, string>();
  const others: Record<string, Json> = {};
  const mistakes: Place[] = [];
  for (const [name, value] of Object.entries(body)) {
    const member = members.get(name);
    if (member === undefined) {
      others[name] = value;
      continue;
    }
    const before = names.get(member);
    const said = member === 'actor' ? actorOf(value) : value;
    const mistake =
      before === undefined
        ? ((member === 'actor' ? actorMistake(said) : null) ?? memberMistake(member, said))
        : { keyword: 'contract', detail: `says again what /${before} says` };
    if (mistake !== null) mistakes.push({ pointer: pointerOf([name]), ...mistake });
    names.set(member, name);
    event[member] = said;
  }
  return { event, names, others, mistakes };
}

/** @param said a text by now, if it was a number or an object */
function actorMistake(said: Json): Omit<Place, 'pointer'> | null {
  return typeof said === 'string' ? null : { keyword: 'type', detail: 'must be string, number or object' };
}

/** Who did it may be a number or an object elsewhere: it is recorded as its canonical text. */
export function actorOf(value: Json): Json {
  return typeof value === 'number' || isObject(value) ? canonicalJson(value) : value;
}

/**
 * Who did it as a query may say it: as it is recorded, or as any JSON of the number or the object that it was.
 * @param texts each as one of several
 */
export function actorTexts(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => {
    const parsed = parseStrictJson(Buffer.from(text));
    const isCoded = parsed.ok && (typeof parsed.value === 'number' || isObject(parsed.value));
    return isCoded ? [text, canonicalJson(parsed.value)] : [text];
  });
}

function missing({ members, required }: Contract, names: Names): readonly Place[] {
  return required
    .filter((member) => !names.has(member))
    .map((member) => {
      const [name = member] = [...members].find(([, candidate]) => candidate === member) ?? [];
      return { pointer: pointerOf([name]), keyword: 'required', detail: 'is missing' };
    });
}

function tooMany(others: Members, payload: string | undefined): readonly Place[] {
  const detail = payload === undefined ? 'is no member of this contract' : `does not go with /${payload}`;
  return Object.keys(others).map((name) => ({
    pointer: pointerOf([name]),
    keyword: 'additionalProperties',
    detail,
  }));
}

/** A body is read with room for one level more than a payload may have. */
function tooDeep(payload: Members): readonly Place[] {
  if (fits(payload, MAX_DEPTH)) return [];
  return [
    { pointer: '', keyword: 'depth', detail: `must have at most ${MAX_DEPTH} levels of arrays and objects` },
  ];
}

/** Where the parts of an event stand; the body has them that has no member for them. */
function placesOf(names: Names): Places {
  const pointerTo = (name: string | undefined): string => (name === undefined ? '' : pointerOf([name]));
  return {
    payloadMember: names.get('payload') ?? null,
    spot: (part) => ({
      pointer: part === 'event' ? '' : pointerTo(names.get(part === 'metadata' ? 'context' : part)),
    }),
  };
}
