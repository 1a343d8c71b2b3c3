/** The context attributes of a CloudEvent (CloudEvents 1.0, Context Attributes): their names, types and constraints. */
import { characterProblem, nameProblem, textProblem } from '../../ledger/name.js';
import type { Json } from '../../ledger/types.js';
import { MOST_MISTAKES, timeProblem } from '../envelope.js';
import { parseMediaType } from './media-type.js';
import { isUri, isUriReference } from './uri.js';

/** What JSON makes of the types of CloudEvents: all but booleans and integers are strings. */
export type AttributeValue = string | boolean | number;

export type Attributes = ReadonlyMap<string, AttributeValue>;

/** Why an attribute cannot be taken. */
export interface Mistake {
  readonly name: string;
  /** the rule that is broken, a word to program against */
  readonly keyword: string;
  /** the same for people */
  readonly detail: string;
}

export const SPEC_VERSION = '1.0';

/** The extension Distributed Tracing, which has a place of its own in the metadata. */
export const TRACE: readonly string[] = ['traceparent', 'tracestate'];

const REQUIRED = ['specversion', 'id', 'source', 'type'];

/** What a type of attribute demands; null when the value does. */
type Check = (value: Json) => Omit<Mistake, 'name'> | null;

const string =
  (keyword: string, problem: (value: string) => string | null): Check =>
  (value) => {
    if (typeof value !== 'string') return { keyword: 'type', detail: 'must be a string' };
    const detail = problem(value);
    return detail === null ? null : { keyword, detail };
  };

const must =
  (what: string, holds: (value: string) => boolean) =>
  (value: string): string | null =>
    characterProblem(value) ?? (holds(value) ? null : `must be ${what}`);

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  [
    'specversion',
    string(
      'enum',
      must(`'${SPEC_VERSION}'`, (value) => value === SPEC_VERSION),
    ),
  ],
  ['id', string('text', textProblem)],
  ['source', string('uri-reference', sourceProblem)],
  ['type', string('name', nameProblem)],
  [
    'datacontenttype',
    string(
      'media-type',
      must('a media type', (value) => parseMediaType(value) !== null),
    ),
  ],
  ['dataschema', string('uri', must('a URI, with its scheme', isUri))],
  ['subject', string('text', textProblem)],
  ['time', string('date-time', timeProblem)],
  // those of extensions that have a place of their own in the metadata
  ['actor', string('text', textProblem)],
  ['traceparent', string('text', characterProblem)],
  ['tracestate', string('text', characterProblem)],
]);

/** A source is both what the ledger takes as one and what CloudEvents does. */
function sourceProblem(source: string): string | null {
  return (
    nameProblem(source) ??
    (isUriReference(source)
      ? null
      : 'must be a URI-reference of RFC 3986, such as /orders or https://example.com')
  );
}

const checkExtension: Check = (value) => {
  if (typeof value === 'string') return string('text', characterProblem)(value);
  if (typeof value === 'boolean' || isInteger(value)) return null;
  return { keyword: 'type', detail: 'must be a string, a boolean or an integer of 32 bits' };
};

function isInteger(value: Json): boolean {
  return Number.isInteger(value) && value === ((value as number) | 0);
}

/** Lower-case letters and digits; `data` is reserved (Naming Conventions). */
export function isAttributeName(name: string): boolean {
  return /^[a-z0-9]+$/.test(name) && name !== 'data';
}

/** What is wrong with one attribute, null when nothing is. */
export function attributeMistake(name: string, value: Json): Mistake | null {
  if (!isAttributeName(name)) {
    const detail =
      "is no attribute's name: those have lower-case letters and digits only, and are not 'data'";
    return { name, keyword: 'attribute-name', detail };
  }
  const mistake = (CHECKS.get(name) ?? checkExtension)(value);
  return mistake === null ? null : { name, ...mistake };
}

/**
 * The attributes of an event, and what is wrong with them, up to a limit. One whose value is null is not set (JSON
 * Event Format, 2.2).
 */
export function readAttributes(given: Iterable<readonly [name: string, value: Json]>): {
  readonly attributes: Attributes;
  readonly mistakes: readonly Mistake[];
} {
  const attributes = new Map<string, AttributeValue>();
  const mistakes: Mistake[] = [];
  for (const [name, value] of given) {
    // a name that is none is wrong whatever it says
    if (value === null && isAttributeName(name)) continue;
    const mistake = attributeMistake(name, value);
    if (mistake === null) attributes.set(name, value as AttributeValue);
    else if (mistakes.push(mistake) === MOST_MISTAKES) return { attributes, mistakes };
  }
  const wrong = new Set(mistakes.map(({ name }) => name));
  for (const name of REQUIRED) {
    if (!attributes.has(name) && !wrong.has(name)) {
      mistakes.push({ name, keyword: 'required', detail: 'is missing' });
    }
  }
  return { attributes, mistakes };
}
