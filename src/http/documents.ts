/** Request bodies: one event, a JSON array of them, or one a line. */
import { LedgerError } from '../ledger/error.js';
import { pointerOf } from '../ledger/json-pointer.js';
import { readQuickly, type QuickReader } from '../ledger/quick-reader.js';
import {
  MAX_DEPTH,
  readCarefully,
  syntaxProblem,
  type JsonProblem,
  type ParsedJson,
} from '../ledger/strict-json.js';
import type { Json } from '../ledger/types.js';
import { valueEnd } from '../ledger/value-end.js';
import { MAX_BATCH_EVENTS, MAX_EVENT_BYTES } from './limits.js';
import { ProblemError, refusal, type Problem } from './problem.js';
import { inStretches } from './stretches.js';

export const JSON_TYPE = 'application/json';
export const NDJSON_TYPE = 'application/x-ndjson';
export const CLOUDEVENT_TYPE = 'application/cloudevents+json';
export const CLOUDEVENTS_TYPE = 'application/cloudevents-batch+json';
export const SCHEMA_TYPE = 'application/schema+json';

/** One event of a request, parsed or not. */
export type Item = Document | { readonly ok: false; readonly problem: Problem };

/** A request's JSON, or one event's part of it. */
export interface Document {
  readonly ok: true;
  /** built when it is asked for */
  readonly value: Json;
  /** its members, each of which has a canonical form and can be left out of the value, where it was read quickly */
  readonly members?: Pick<QuickReader, 'memberForm' | 'valueWithout'>;
}

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Whether a JSON document is an array, as far as its first character tells. */
export function isArrayDocument(body: Buffer): boolean {
  return body[skipWhiteSpace(body, 0)] === OPEN_BRACKET;
}

/**
 * @param maxDepth levels that the document may have: those of a payload, and the envelope's unless it has none
 * @throws ProblemError when the document is too long for one event, or not I-JSON: then nothing of it counts
 */
export function parseEvent(body: Buffer, maxDepth = MAX_DEPTH + 1): Document {
  if (body.length > MAX_EVENT_BYTES) throw new ProblemError(tooLong(''));
  const parsed = read(body, maxDepth);
  if (parsed.ok) return parsed;
  throw new ProblemError(jsonProblem(parsed.kind, parsed.problem));
}

/**
 * The array is one document, though its events are read one after the other, and others have their turn in between.
 * An event that is too long fails alone.
 * @throws ProblemError when the document is not I-JSON, or has too many events: then nothing of it counts
 */
export async function parseArray(body: Buffer): Promise<readonly Item[]> {
  const texts = textsOf(body);
  if (texts === null) throw broken(body);
  const othersTurn = inStretches();
  const items: Item[] = [];
  let refused: Problem | null = null;
  for (const [index, text] of texts.entries()) {
    const turn = othersTurn();
    if (turn !== null) await turn;
    const isUnread = refused !== null || text.length > MAX_EVENT_BYTES;
    // what is no JSON is told before all else
    if (isUnread && syntaxProblem(text) !== null) throw broken(body);
    if (refused !== null) continue;
    const item = parseItem(text, index);
    if (item.ok || item.problem.code === 'too-large') items.push(item);
    else if (item.problem.code === 'invalid-json') throw broken(body);
    else refused = item.problem;
  }
  if (refused !== null) throw new ProblemError(refused);
  return items;
}

/**
 * Where the items of an array stand, null when it is none. If each of them is JSON, so is the array.
 * @throws ProblemError when there are too many
 */
function textsOf(body: Buffer): readonly Buffer[] | null {
  const texts: Buffer[] = [];
  const start = skipWhiteSpace(body, 0) + 1;
  let from = start;
  for (;;) {
    const end = valueEnd(body, from);
    texts.push(body.subarray(from, end));
    if (texts.length > MAX_BATCH_EVENTS) throw tooMany();
    from = end + 1;
    if (body[end] === COMMA) continue;
    if (body[end] !== CLOSE_BRACKET || skipWhiteSpace(body, from) < body.length) return null;
    return texts.length === 1 && skipWhiteSpace(body, start) === end ? [] : texts;
  }
}

/** @param body that is no JSON document */
function broken(body: Buffer): Error {
  const problem = syntaxProblem(body);
  if (problem !== null) return new ProblemError(jsonProblem('syntax', problem));
  return new LedgerError('internal', 'an array is JSON, and its items are not');
}

/**
 * Each line is a document of its own: one that is not I-JSON fails alone. Lines of white space are skipped and not
 * counted. A line is read when its item is asked for, so that nothing of those before it need be there any more.
 * @throws ProblemError when there are too many events
 */
export function parseLines(body: Buffer): Iterable<Item> {
  const lines: Buffer[] = [];
  for (let start = skipWhiteSpace(body, 0); start < body.length;) {
    const found = body.indexOf(LF, start);
    const end = found === -1 ? body.length : found;
    lines.push(body.subarray(start, end));
    if (lines.length > MAX_BATCH_EVENTS) throw tooMany();
    start = skipWhiteSpace(body, end);
  }
  return itemsOf(lines);
}

function* itemsOf(lines: readonly Buffer[]): Iterable<Item> {
  let index = 0;
  for (const line of lines) yield parseItem(line, index++);
}

function parseItem(text: Buffer, item: number): Item {
  if (text.length > MAX_EVENT_BYTES) return { ok: false, problem: tooLong(pointerOf([item])) };
  const parsed = read(text, MAX_DEPTH + 1);
  if (parsed.ok) return parsed;
  const { problem } = parsed;
  const pointer = `${pointerOf([item])}${problem.pointer}`;
  return { ok: false, problem: jsonProblem(parsed.kind, { ...problem, pointer }) };
}

/** @throws ProblemError 400 for what is no JSON, 422 for JSON that is not I-JSON of so many levels */
export function parseDocument(body: Buffer, maxDepth: number): Json {
  const parsed = read(body, maxDepth);
  if (parsed.ok) return parsed.value;
  throw new ProblemError(jsonProblem(parsed.kind, parsed.problem));
}

function read(text: Buffer, maxDepth: number): Document | Extract<ParsedJson, { readonly ok: false }> {
  const quick = readQuickly(text, maxDepth);
  if (quick !== null) return new QuickDocument(quick);
  const parsed = readCarefully(text, { maxDepth });
  return parsed.ok ? { ok: true, value: parsed.value } : parsed;
}

class QuickDocument implements Document {
  readonly ok = true;
  readonly members: QuickReader;

  constructor(members: QuickReader) {
    this.members = members;
  }

  get value(): Json {
    return this.members.value();
  }
}

function jsonProblem(kind: 'syntax' | 'i-json', problem: JsonProblem): Problem {
  const { pointer, keyword, detail } = problem;
  return {
    code: kind === 'syntax' ? 'invalid-json' : 'not-i-json',
    detail: pointer === '' ? detail : `${pointer} ${detail}`,
    errors: [{ pointer, keyword, detail }],
  };
}

function tooLong(pointer: string): Problem {
  const detail = `must be sent in at most ${MAX_EVENT_BYTES} bytes`;
  return {
    code: 'too-large',
    detail: `${pointer || 'one event'} ${detail}`,
    errors: [{ pointer, keyword: 'size', detail }],
  };
}

function tooMany(): ProblemError {
  return refusal('too-large', `A batch has at most ${MAX_BATCH_EVENTS} events; this one has more.`);
}

/** @returns the place of the next byte that is no white space of JSON, the length when there is none */
function skipWhiteSpace(body: Buffer, from: number): number {
  let at = from;
  for (let byte = body[at]; byte === SPACE || byte === LF || byte === CR || byte === TAB; byte = body[at])
    at++;
  return at;
}
