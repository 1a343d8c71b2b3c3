/** Characters sorted into classes that an automaton cannot tell apart, so that transitions are few. */
import { contains, WORD_CHARACTERS, type CharSet } from './charset.js';

export interface Alphabet {
  /** number of classes; they are numbered from 0 */
  readonly size: number;
  readonly classOf: (codePoint: number) => number;
  /** by class: whether the set takes it, 1 or 0 */
  readonly taken: (set: CharSet) => Uint8Array;
}

const LAST = 0x10ffff;

/** The coarsest classes of which every given set, and that of word characters, is made. */
export function alphabetOf(sets: ReadonlySet<CharSet>): Alphabet {
  const borders = new Set([0]);
  for (const set of [...sets, WORD_CHARACTERS]) for (const [from, to] of set) borders.add(from).add(to + 1);
  const starts = [...borders].filter((border) => border <= LAST).sort((a, b) => a - b);

  const search = (codePoint: number): number => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= codePoint) low = middle;
      else high = middle;
    }
    return low;
  };
  const ascii = Uint16Array.from({ length: 128 }, (_, codePoint) => search(codePoint));
  return {
    size: starts.length,
    classOf: (codePoint) => ascii[codePoint] ?? search(codePoint),
    taken: (set) => Uint8Array.from(starts, (start) => (contains(set, start) ? 1 : 0)),
  };
}
