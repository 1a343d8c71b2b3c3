/** JSON Pointers (RFC 6901): where in a document something stands. */
import type { Json } from './types.js';

/** Longer pointers would repeat what the sender wrote instead of naming a place. */
const LONGEST = 1024;

/**
 * The pointer made of these reference tokens: member names and array indexes, outermost first.
 * @returns at most 1,024 characters: beyond that, the pointer of the nearest enclosing place that fits
 */
export function pointerOf(tokens: readonly (string | number)[]): string {
  let pointer = '';
  for (const token of tokens) {
    if (typeof token === 'string' && token.length > LONGEST) return pointer;
    const longer = `${pointer}/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (longer.length > LONGEST) return pointer;
    pointer = longer;
  }
  return pointer;
}

/** The reference tokens of a pointer (RFC 6901, 3 and 4); null when the text is none. */
export function tokensOf(pointer: string): readonly string[] | null {
  if (pointer === '') return [];
  if (!/^(?:\/(?:[^~/]|~[01])*)+$/.test(pointer)) return null;
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The value at a place (RFC 6901, 4), undefined when there is none. */
export function valueAt(value: Json, tokens: readonly string[]): Json | undefined {
  let at: Json | undefined = value;
  for (const token of tokens) {
    if (typeof at !== 'object' || at === null) return undefined;
    if (isArray(at)) at = /^(?:0|[1-9][0-9]*)$/.test(token) ? at[Number(token)] : undefined;
    else at = Object.hasOwn(at, token) ? at[token] : undefined;
  }
  return at;
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
