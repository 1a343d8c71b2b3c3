/** Patterns of judge 1: read, checked, and matched in linear time. */
import { refuseExponential, type CheckBudget } from './ambiguity.js';
import { automatonOf } from './automaton.js';
import { matcherOf } from './matcher.js';
import { parsePattern } from './syntax.js';

export { PatternRefused } from './syntax.js';

export interface CompiledPattern {
  /** what it costs at most to match one character, in steps */
  readonly size: number;
  /** whether it matches anywhere in a text, as RegExp.prototype.test does */
  test(text: string): boolean;
}

/** Enough for some hundred ordinary patterns; takes about 50 ms. */
export const CHECK_STEPS = 500_000;

/**
 * @param source a regular expression of ECMAScript 2023, read with the flag `u`
 * @throws PatternRefused when it is none, or cannot be matched in linear time by our engine, or may take exponential
 *   time in an ordinary one
 */
export function compilePattern(
  source: string,
  budget: CheckBudget = { steps: CHECK_STEPS },
): CompiledPattern {
  const { node, ahead } = parsePattern(source);
  const parts = [{ node, negate: false }, ...ahead].map(({ node: part, negate }) => {
    refuseExponential(part, budget);
    const automaton = automatonOf(part);
    let matcher: ((text: string) => boolean) | null = null;
    const matches = (text: string): boolean => (matcher ??= matcherOf(automaton))(text);
    return { size: automaton.instructions.length, matches, negate };
  });
  return {
    size: parts.reduce((sum, part) => sum + part.size, 0),
    test: (text) => parts.every(({ matches, negate }) => matches(text) !== negate),
  };
}
