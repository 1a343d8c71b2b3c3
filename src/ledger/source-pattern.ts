/** Patterns of sources: whose events somebody may see, or report. */
import { isReserved, nameProblem } from './name.js';

/**
 * A source by its name, or all whose names begin alike, such as `billing.*`. A star is one only at the end. Sources of
 * the ledger's own, which begin with `_`, are met by patterns alone that do, too.
 */
export type SourcePattern = string;

export function meets(source: string, pattern: SourcePattern): boolean {
  const beginning = beginningOf(pattern);
  if (beginning === null) return source === pattern;
  return source.startsWith(beginning) && (beginning !== '' || !isReserved(source));
}

export function meetsAny(source: string, patterns: readonly SourcePattern[]): boolean {
  return patterns.some((pattern) => meets(source, pattern));
}

/** What the names begin with that a pattern meets, null where it meets one name alone. */
export function beginningOf(pattern: SourcePattern): string | null {
  return pattern.endsWith('*') ? pattern.slice(0, -1) : null;
}

/**
 * Why no source is met by this, null when some may be: a name that the door takes, or the beginning of one and a star.
 * @param forReading whether somebody reads by it: nobody writes to the ledger's own sources
 */
export function patternProblem(pattern: SourcePattern, forReading: boolean): string | null {
  if (isReserved(pattern) && !forReading) return "must not begin with '_': nobody writes to those";
  const beginning = beginningOf(pattern);
  if ((beginning ?? pattern).includes('*')) return 'must have its star at the end, and only there';
  return nameProblem(beginning === null ? pattern : `${beginning}x`);
}
