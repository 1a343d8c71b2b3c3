/**
 * Filters as SQL. Columns are compared by the database alone; of subject and payload it only looks for the bytes that
 * must occur somewhere, and filter-match.ts decides.
 */
import { canonicalJson } from '../ledger/canonical-json.js';
import type { EventFilters } from '../ledger/filters.js';
import { isStorable } from './storable.js';
import { isWithin, patternArrays } from './within.js';

/** How values get into a statement: as parameters, or quoted where a statement takes none. */
export interface Binder {
  texts(values: readonly string[]): string;
  time(value: string): string;
  bytes(value: Buffer): string;
}

/** Parameters `$n`, beginning after those that the statement has already. */
export class Parameters implements Binder {
  readonly values: unknown[];

  constructor(...values: unknown[]) {
    this.values = values;
  }

  /** @returns its name in the statement */
  add(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  texts(values: readonly string[]): string {
    return `${this.add(values)}::text[]`;
  }

  time(value: string): string {
    return `${this.add(value)}::timestamptz`;
  }

  bytes(value: Buffer): string {
    return `${this.add(value)}::bytea`;
  }
}

/** For COPY. */
export const LITERALS: Binder = {
  texts: (values) => `ARRAY[${values.map(literal).join(', ')}]::text[]`,
  time: (value) => `${literal(value)}::timestamptz`,
  bytes: (value) => `'\\x${value.toString('hex')}'::bytea`,
};

/** standard_conforming_strings is on in every session of ours. */
function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * Conditions on the columns of an entry, which all must hold; none for no filters.
 * @param asTime how those on times are written; default: as they are
 */
export function conditionsOf(
  filters: EventFilters,
  bind: Binder,
  asTime = (condition: string): string => condition,
): readonly string[] {
  const conditions: string[] = [];
  const anyOf = (column: string, values: readonly string[]): void => {
    // an unstorable value is no entry's; no value left matches nothing
    if (values.length > 0) conditions.push(`${column} = ANY (${bind.texts(values.filter(isStorable))})`);
  };
  anyOf('source', filters.sources);
  anyOf('type', filters.types);
  anyOf('actor', filters.actors);
  anyOf('recorded_by', filters.recordedBy);
  anyOf('verdict', filters.verdicts);
  conditions.push(...timeConditions('recorded', filters, bind).map(asTime));
  conditions.push(...timeConditions('occurred', filters, bind).map(asTime));
  if (!filters.internal) conditions.push("NOT starts_with(source, '_')");
  const { names, beginnings } = patternArrays(filters.within);
  if (names !== null && beginnings !== null)
    conditions.push(isWithin(bind.texts(names), bind.texts(beginnings)));
  for (const occurring of occurrences(filters)) conditions.push(containsAny(occurring, bind));
  return conditions;
}

export type Time = 'recorded' | 'occurred';

/** Those on one of the times alone. */
export function timeConditions(time: Time, filters: EventFilters, bind: Binder): readonly string[] {
  const [since, until] =
    time === 'recorded' ? [filters.since, filters.until] : [filters.occurredSince, filters.occurredUntil];
  return [
    ...(since === null ? [] : [`${time}_at >= ${bind.time(since)}`]),
    ...(until === null ? [] : [`${time}_at < ${bind.time(until)}`]),
  ];
}

interface Occurring {
  readonly column: 'data' | 'metadata';
  /** canonical JSON, one of which occurs in the bytes of every entry of our form that matches */
  readonly texts: readonly string[];
}

function occurrences(filters: EventFilters): readonly Occurring[] {
  const subjects = filters.subjects.filter(isStorable).map((subject) => canonicalJson(subject));
  return [
    ...(filters.subjects.length === 0 ? [] : [{ column: 'metadata' as const, texts: subjects }]),
    ...filters.payload.map(({ values }) => ({ column: 'data' as const, texts: values })),
  ];
}

function containsAny({ column, texts }: Occurring, bind: Binder): string {
  const each = texts.map((text) => `position(${bind.bytes(Buffer.from(text))} IN ${column}) > 0`);
  if (each.length === 0) return 'false';
  // what another program recorded has no recordedBy, and may write a value in any of its forms
  const foreign = column === 'data' ? ['recorded_by IS NULL'] : [];
  return `(${[...foreign, ...each].join(' OR ')})`;
}
