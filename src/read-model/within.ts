/** Patterns of sources (source-pattern.ts) in SQL. */
import type { EventFilters } from '../ledger/filters.js';
import { beginningOf } from '../ledger/source-pattern.js';
import { isStorable } from './storable.js';

/** Patterns as two values of a statement, of the type text[]; both are null where all sources are meant. */
export interface PatternArrays {
  readonly names: readonly string[] | null;
  readonly beginnings: readonly string[] | null;
}

export function patternArrays(within: EventFilters['within']): PatternArrays {
  if (within === null) return { names: null, beginnings: null };
  const storable = within.filter(isStorable);
  return {
    names: storable.filter((pattern) => beginningOf(pattern) === null),
    beginnings: storable.flatMap((pattern) => beginningOf(pattern) ?? []),
  };
}

/**
 * Whether `source` is within the patterns.
 * @param names the value of that name, as the statement has it; `beginnings` likewise
 */
export function isWithin(names: string, beginnings: string): string {
  return `(${names} IS NULL OR source = ANY (${names}) OR EXISTS (
    SELECT FROM unnest(${beginnings}) AS b (beginning)
    WHERE starts_with(source, beginning) AND (beginning <> '' OR NOT starts_with(source, '_'))))`;
}
