/** Which entries a query is about: the filters of `/v1/events` and `/v1/export` (API.md). */
import { readableBy, type Principal } from '../access/principal.js';
import { canonicalJson } from '../ledger/canonical-json.js';
import { tokensOf } from '../ledger/json-pointer.js';
import { parseStrictJson } from '../ledger/strict-json.js';
import type { Index, Verdict } from '../ledger/types.js';
import type { EventFilters, PayloadFilter } from '../read-model/port.js';
import { badParameter, choice, instant, integer, oneOf, type Parameters } from './parameters.js';

const VERDICTS: readonly Verdict[] = ['accepted', 'rejected', 'duplicate'];

/** Whether the ledger's own sources are asked for. */
export function readInternal(parameters: Parameters): boolean {
  return choice(parameters, 'internal', ['true', 'false']) === 'true';
}

export interface Shown {
  /** whether the ledger's own sources are */
  readonly internal: boolean;
  /** for whom */
  readonly principal: Principal;
}

export function readFilters(parameters: Parameters, { internal, principal }: Shown): EventFilters {
  return {
    sources: texts(parameters, 'source'),
    types: texts(parameters, 'type'),
    actors: texts(parameters, 'actor'),
    recordedBy: texts(parameters, 'recordedBy'),
    subjects: texts(parameters, 'subject'),
    verdicts: texts(parameters, 'verdict').map((text) => oneOf('verdict', text, VERDICTS)),
    since: instant(parameters, 'since'),
    until: instant(parameters, 'until'),
    occurredSince: instant(parameters, 'occurredSince'),
    occurredUntil: instant(parameters, 'occurredUntil'),
    payload: payloadFilters(parameters),
    internal,
    within: readableBy(principal),
  };
}

/** The half-open range of indexes, null where it is open. */
export function readRange(parameters: Parameters): { fromIndex: Index | null; toIndex: Index | null } {
  const fromIndex = integer(parameters, 'fromIndex', { least: 0 }) as Index | null;
  const toIndex = integer(parameters, 'toIndex', { least: 0 }) as Index | null;
  if (fromIndex !== null && toIndex !== null && fromIndex > toIndex) {
    throw badParameter('toIndex', 'range', 'must not be less than fromIndex');
  }
  return { fromIndex, toIndex };
}

/** The values of a parameter that is compared with texts, none of which is empty. */
export function texts(parameters: Parameters, name: string): readonly string[] {
  const values = parameters.get(name) ?? [];
  if (values.includes('')) throw badParameter(name, 'text', 'must not be empty');
  return values;
}

/** The name of a form as /openapi.json writes it, sent as it stands there: it would be taken for a member's, and find nothing. */
export function placeholder(name: string, of: 'path' | 'field'): Error {
  return badParameter(name, 'placeholder', `is where a ${of} goes: write the names of members there`);
}

function payloadFilters(parameters: Parameters): readonly PayloadFilter[] {
  const filters: PayloadFilter[] = [];
  for (const [name, values] of parameters) {
    if (name === 'payload.{path}') throw placeholder(name, 'path');
    const path = payloadPath(name);
    if (path !== null) filters.push({ path, values: values.flatMap(scalarTexts) });
  }
  return filters;
}

/**
 * The place in the payload that a name is about: `payload.a.b`, or `payload:/a/b` where a member's name has a dot in it.
 * @param refuse makes the error of a name that begins so, and names no place
 * @returns null for any other name
 */
export function payloadPath(
  name: string,
  refuse = (keyword: string, detail: string): Error => badParameter(name, keyword, detail),
): readonly string[] | null {
  if (name.startsWith('payload.')) {
    const path = name.slice('payload.'.length).split('.');
    if (!path.includes('')) return path;
    throw refuse('path', 'must name a member after each dot');
  }
  if (!name.startsWith('payload:')) return null;
  const tokens = tokensOf(name.slice('payload:'.length));
  if (tokens !== null) return tokens;
  throw refuse('pointer', "must be a JSON Pointer: '/' before each token, ~1 for '/', ~0 for '~'");
}

/**
 * What a value can stand for, as canonical JSON: the string itself, and the scalar that it is the JSON of; in quotes
 * the string only.
 */
export function scalarTexts(value: string): readonly string[] {
  const parsed = parseStrictJson(Buffer.from(value));
  const scalar = parsed.ok && (typeof parsed.value !== 'object' || parsed.value === null);
  if (!scalar) return [canonicalJson(value)];
  const text = canonicalJson(parsed.value);
  return typeof parsed.value === 'string' ? [text] : [canonicalJson(value), text];
}
