/** Request bodies: one event, a JSON array of them, or one a line. */
import { pointerOf } from '../ledger/json-pointer.js';
import { MAX_DEPTH, parseStrictJson, type JsonProblem } from '../ledger/strict-json.js';
import type { Json } from '../ledger/types.js';
import { ProblemError, refusal, type Problem } from './problem.js';

export const JSON_TYPE = 'application/json';
export const NDJSON_TYPE = 'application/x-ndjson';
export const SCHEMA_TYPE = 'application/schema+json';

/** One event of a request, parsed or not. */
export type Item =
  { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly problem: Problem };

export const MAX_BATCH_EVENTS = 1_000;
export const MAX_BODY_BYTES = 8 * 1024 * 1024;

/**
 * One event as it is sent, alone or on a line of its own: six times what may be recorded of it (256 KiB of payload and
 * 64 KiB of metadata), as if every character of it were escaped, and some white space.
 */
export const MAX_EVENT_BYTES = 2 * 1024 * 1024;

/** A schema as it is sent: eight times what it may have in canonical form. */
export const MAX_SCHEMA_BODY_BYTES = 512 * 1024;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const OPEN_BRACKET = 0x5b;

/** Whether a JSON document is an array, as far as its first character tells. */
export function isArrayDocument(body: Buffer): boolean {
  return body[skipWhiteSpace(body, 0)] === OPEN_BRACKET;
}

/** @throws ProblemError when the document is too long for one event, or not I-JSON: then nothing of it counts */
export function parseEvent(body: Buffer): Json {
  if (body.length > MAX_EVENT_BYTES) throw new ProblemError(tooLong(''));
  return parseDocument(body, MAX_DEPTH + 1);
}

/** @throws ProblemError when the document is not I-JSON, or has too many events: then nothing of it counts */
export function parseArray(body: Buffer): readonly Item[] {
  const values = parseDocument(body, MAX_DEPTH + 2) as readonly Json[];
  if (values.length > MAX_BATCH_EVENTS) throw tooMany(values.length);
  return values.map((value) => ({ ok: true, value }));
}

/**
 * Each line is a document of its own: one that is not I-JSON fails alone. Lines of white space are skipped and not
 * counted.
 * @throws ProblemError when there are too many events
 */
export function parseLines(body: Buffer): readonly Item[] {
  const lines: Buffer[] = [];
  for (let start = skipWhiteSpace(body, 0); start < body.length;) {
    const found = body.indexOf(LF, start);
    const end = found === -1 ? body.length : found;
    lines.push(body.subarray(start, end));
    if (lines.length > MAX_BATCH_EVENTS) throw tooMany('more');
    start = skipWhiteSpace(body, end);
  }
  return lines.map(parseLine);
}

function parseLine(line: Buffer, item: number): Item {
  if (line.length > MAX_EVENT_BYTES) return { ok: false, problem: tooLong(pointerOf([item])) };
  const parsed = parseStrictJson(line, { maxDepth: MAX_DEPTH + 1 });
  if (parsed.ok) return parsed;
  const { problem } = parsed;
  const pointer = `${pointerOf([item])}${problem.pointer}`;
  return { ok: false, problem: jsonProblem(parsed.kind, { ...problem, pointer }) };
}

/** @throws ProblemError 400 for what is no JSON, 422 for JSON that is not I-JSON of so many levels */
export function parseDocument(body: Buffer, maxDepth: number): Json {
  const parsed = parseStrictJson(body, { maxDepth });
  if (parsed.ok) return parsed.value;
  throw new ProblemError(jsonProblem(parsed.kind, parsed.problem));
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

function tooMany(count: number | 'more'): ProblemError {
  return refusal('too-large', `A batch has at most ${MAX_BATCH_EVENTS} events; this one has ${count}.`);
}

/** @returns the place of the next byte that is no white space of JSON, the length when there is none */
function skipWhiteSpace(body: Buffer, from: number): number {
  let at = from;
  for (let byte = body[at]; byte === SPACE || byte === LF || byte === CR || byte === TAB; byte = body[at])
    at++;
  return at;
}
