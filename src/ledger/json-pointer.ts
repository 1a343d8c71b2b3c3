/** JSON Pointers (RFC 6901): where in a document something stands. */

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
