/** Which entries a query is about. */
import type { SourcePattern } from './source-pattern.js';
import type { Instant, Verdict } from './types.js';

/** Different filters all apply; the values of one are alternatives; an empty list or null is no filter. */
export interface EventFilters {
  readonly sources: readonly string[];
  readonly types: readonly string[];
  readonly actors: readonly string[];
  readonly recordedBy: readonly string[];
  readonly subjects: readonly string[];
  readonly verdicts: readonly Verdict[];
  /** half-open ranges of recordedAt and occurredAt: from ≤ x < to */
  readonly since: Instant | null;
  readonly until: Instant | null;
  readonly occurredSince: Instant | null;
  readonly occurredUntil: Instant | null;
  readonly payload: readonly PayloadFilter[];
  /** whether entries of sources that begin with `_` are shown */
  readonly internal: boolean;
  /** the sources of which anything is shown at all, whatever is asked for; null: all */
  readonly within: readonly SourcePattern[] | null;
}

/** The scalar at a place in the payload is one of these. */
export interface PayloadFilter {
  /** reference tokens of a JSON Pointer (RFC 6901), unescaped; a token that is a number also names an array item */
  readonly path: readonly string[];
  /** canonical JSON texts of scalars: `"v"`, `12.5`, `true`, `null` */
  readonly values: readonly string[];
}

/** Everything, with what is the ledger's own. */
export const NO_FILTERS: EventFilters = {
  sources: [],
  types: [],
  actors: [],
  recordedBy: [],
  subjects: [],
  verdicts: [],
  since: null,
  until: null,
  occurredSince: null,
  occurredUntil: null,
  payload: [],
  internal: true,
  within: null,
};
