/** Whether the entries of an export fit its filters, which only its last line tells. */
import { finding, shorten, type Difference, type Finding, type Place } from './finding.js';
import type { Manifest } from './manifest.js';
import { parseTimestamp } from './time.js';
import type { Header, Instant } from './types.js';

type Filters = Manifest['filters'];

/** How much of the ledger an export holds, by its filters. */
export type Coverage =
  /** every entry of its range */
  | 'all'
  /** every entry that some sources have in its range */
  | 'sources'
  /** what fits other filters: that nothing is left out cannot be told */
  | 'some';

export function coverageOf(filters: Filters): Coverage {
  const given = namesOf(filters).filter((name) => name !== 'fromIndex' && name !== 'toIndex');
  if (given.length === 0) return 'all';
  return given.every((name) => name === 'source') ? 'sources' : 'some';
}

function namesOf(filters: Filters): readonly string[] {
  return Object.keys(filters).filter((name) => filters[name]?.length !== 0);
}

const VALUES = {
  source: (header: Header) => header.source,
  type: (header: Header) => header.type,
  verdict: (header: Header) => header.verdict,
  actor: (header: Header) => header.actor,
  recordedBy: (header: Header) => header.recordedBy,
  subject: (_: Header, subject: string | null | undefined) => subject,
};

type ValueFilter = keyof typeof VALUES;
const VALUE_FILTERS = Object.keys(VALUES) as readonly ValueFilter[];

const TIME_FILTERS = {
  since: { of: 'recordedAt', end: 'earliest' },
  until: { of: 'recordedAt', end: 'latest' },
  occurredSince: { of: 'occurredAt', end: 'earliest' },
  occurredUntil: { of: 'occurredAt', end: 'latest' },
} as const;

/** More alternatives than a request has room for: entries that all fit have no more different values than that. */
const MAX_VALUES = 5_000;

interface Extremes {
  earliest?: { readonly time: Instant; readonly place: Place };
  latest?: { readonly time: Instant; readonly place: Place };
  /** an entry without that time */
  without?: Place;
}

/** What there was among the entries, each with the first place where it stood; of bounded size. */
export class FilterEvidence {
  private readonly values = VALUE_FILTERS.map((name) => ({
    name,
    of: VALUES[name],
    seen: new Map<string | null, Place>(),
  }));
  private readonly times: Record<'recordedAt' | 'occurredAt', Extremes> = { recordedAt: {}, occurredAt: {} };

  /** @param subject undefined when it was withheld or cannot be relied on */
  note(header: Header, subject: string | null | undefined, place: Place): void {
    for (const { of, seen } of this.values) {
      const value = of(header, subject);
      if (value !== undefined && !seen.has(value) && seen.size < MAX_VALUES) seen.set(value, place);
    }
    noteTime(this.times.recordedAt, header.recordedAt, place);
    noteTime(this.times.occurredAt, header.occurredAt, place);
  }

  /** What does not fit; for each value and each end of a range the first entry that shows it. */
  findings(filters: Filters): readonly Finding[] {
    return [
      ...this.values.flatMap(({ name, seen }) => valueFindings(name, seen, filters[name] ?? [])),
      ...Object.keys(TIME_FILTERS).flatMap((name) =>
        this.timeFindings(name as keyof typeof TIME_FILTERS, filters[name] ?? []),
      ),
    ];
  }

  private timeFindings(name: keyof typeof TIME_FILTERS, asked: readonly string[]): readonly Finding[] {
    const [text] = asked;
    // how several would be meant is not said anywhere
    if (text === undefined || asked.length > 1) return [];
    const bound = parseTimestamp(text);
    if (bound === null) return [finding({}, misfit(name, ['a time'], text))];
    const { of, end } = TIME_FILTERS[name];
    const { [end]: extreme, without } = this.times[of];
    const found: Finding[] = [];
    const fits = end === 'earliest' ? (time: Instant) => time >= bound : (time: Instant) => time < bound;
    if (extreme !== undefined && !fits(extreme.time)) {
      found.push(finding(extreme.place, misfit(name, asked, extreme.time)));
    }
    if (without !== undefined) found.push(finding(without, misfit(name, asked, null)));
    return found;
  }
}

function valueFindings(
  name: ValueFilter,
  seen: ReadonlyMap<string | null, Place>,
  asked: readonly string[],
): readonly Finding[] {
  if (asked.length === 0) return [];
  const others = [...seen].filter(([value]) => value === null || !asked.includes(value));
  return others.map(([value, place]) => finding(place, misfit(name, asked, value)));
}

function noteTime(extremes: Extremes, time: Instant | null, place: Place): void {
  if (time === null) {
    extremes.without ??= place;
    return;
  }
  if (extremes.earliest === undefined || time < extremes.earliest.time) extremes.earliest = { time, place };
  if (extremes.latest === undefined || time > extremes.latest.time) extremes.latest = { time, place };
}

function misfit(name: string, asked: readonly string[], value: string | null): Difference {
  return {
    code: 'manifest-mismatch',
    expected: shorten(asked.join(', ')),
    found: value === null ? null : shorten(value),
    detail: `does not fit the manifest's filter ${name}`,
  };
}
