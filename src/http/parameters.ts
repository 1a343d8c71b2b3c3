/** Query strings, read strictly: every unknown or malformed parameter is an error that names it. */
import { cut } from '../ledger/cut.js';
import { parseTimestamp } from '../ledger/time.js';
import type { Instant } from '../ledger/types.js';
import { refusal, type ProblemError } from './problem.js';

/** The values of each parameter, in the order given. Repeating a parameter means any of its values. */
export type Parameters = ReadonlyMap<string, readonly string[]>;

/**
 * @param url of the request, with its query string
 * @param known the names that the route knows; a name ending in `*` stands for all that begin so
 */
export function readParameters(url: string, known: readonly string[]): Parameters {
  const parameters = new Map<string, string[]>();
  const start = url.indexOf('?');
  if (start === -1) return parameters;
  for (const pair of url.slice(start + 1).split('&')) {
    if (pair === '') continue;
    const middle = pair.indexOf('=');
    const name = decode(middle === -1 ? pair : pair.slice(0, middle), pair);
    const value = decode(middle === -1 ? '' : pair.slice(middle + 1), name);
    if (!known.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one))) {
      throw badParameter(name, 'unknown', 'is no parameter of this route');
    }
    const values = parameters.get(name);
    if (values === undefined) parameters.set(name, [value]);
    else values.push(value);
  }
  return parameters;
}

export function badParameter(parameter: string, keyword: string, detail: string): ProblemError {
  // what a client sent comes back, but not at any length
  const name = cut(parameter, 100);
  return refusal('invalid-parameter', `${name === '' ? 'A parameter without a name' : name} ${detail}`, {
    errors: [{ parameter: name, keyword, detail }],
  });
}

/** The one value of a parameter that has no alternatives, null when it was not given. */
export function single(parameters: Parameters, name: string): string | null {
  const values = parameters.get(name) ?? [];
  if (values.length > 1) throw badParameter(name, 'once', 'must be given at most once');
  return values[0] ?? null;
}

/** A whole number in decimal digits. */
export function integer(
  parameters: Parameters,
  name: string,
  range: { readonly least: number; readonly most?: number },
): number | null {
  const text = single(parameters, name);
  if (text === null) return null;
  const most = range.most ?? Number.MAX_SAFE_INTEGER;
  const value = wholeNumber(text);
  if (value !== null && value >= range.least && value <= most) return value;
  throw badParameter(name, 'integer', `must be an integer from ${range.least} to ${most}`);
}

/** How many of what there is an answer has. */
export const LIMIT = { usual: 50, most: 500 } as const;

export function limitOf(parameters: Parameters): number {
  return integer(parameters, 'limit', { least: 1, most: LIMIT.most }) ?? LIMIT.usual;
}

/** A safe integer in its one decimal form, null for any other text. */
export function wholeNumber(text: string): number | null {
  if (!/^(?:0|[1-9]\d{0,15})$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

export function choice<Choice extends string>(
  parameters: Parameters,
  name: string,
  choices: readonly Choice[],
): Choice | null {
  const text = single(parameters, name);
  return text === null ? null : oneOf(name, text, choices);
}

export function oneOf<Choice extends string>(name: string, text: string, choices: readonly Choice[]): Choice {
  const found = choices.find((candidate) => candidate === text);
  if (found !== undefined) return found;
  throw badParameter(name, 'enum', `must be ${choices.join(' or ')}`);
}

export function instant(parameters: Parameters, name: string): Instant | null {
  const text = single(parameters, name);
  if (text === null) return null;
  const time = parseTimestamp(text);
  if (time !== null) return time;
  const detail = 'must be a date and time of RFC 3339 with an offset, such as 2026-11-20T10:00:00Z';
  throw badParameter(
    name,
    'date-time',
    text.includes(' ') ? `${detail}; a + is written %2B in a URL` : detail,
  );
}

function decode(text: string, name: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw badParameter(name, 'encoding', 'is not percent-encoded UTF-8');
  }
  if (decoded.includes('\0'))
    throw badParameter(name.replaceAll('\0', ''), 'character', 'must not contain U+0000');
  return decoded;
}
