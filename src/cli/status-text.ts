/** What `event-ledger status` shows: one line for each thing that an operator looks at. */
import { shown } from './output.js';

/** What /health answers to those with credentials. */
export interface HealthAnswer {
  readonly status: 'ok' | 'degraded' | 'down';
  readonly lag: { readonly events: number | null; readonly seconds: number | null };
  readonly head: { readonly size: number; readonly hash: string } | null;
  readonly alarms: readonly {
    readonly code: string;
    readonly source: string | null;
    readonly since: string;
    readonly detail: string;
  }[];
  readonly lastVerification: {
    readonly intact: boolean;
    readonly mode: string;
    readonly checked: number;
    readonly size: number;
    readonly findingsTotal: number;
    readonly startedAt: string;
  } | null;
  readonly projector?: { readonly state: string; readonly detail: string | null };
}

interface Rate {
  readonly events: number;
  readonly perSecond: number;
}

/** What /stats answers. */
export interface StatsAnswer {
  readonly events: number;
  readonly sources: number;
  readonly verdicts: Readonly<Record<'accepted' | 'rejected' | 'duplicate', number>>;
  readonly counted: number;
  readonly bySource: Ranking<'source'>;
  readonly byType: Ranking<'type'>;
  readonly rates: Readonly<Record<'minute' | 'hour' | 'day', Rate>>;
}

interface Ranking<Word extends string> {
  readonly most: readonly (Readonly<Record<Word, string>> & { readonly events: number })[];
  readonly others: number;
}

/** Alarms and names that are shown; all of them with `--json`. */
const MOST = 5;

/** @param stats null while the ledger cannot be asked */
export function describeStatus(url: string, health: HealthAnswer, stats: StatsAnswer | null): string {
  const { head, projector } = health;
  const lines: (readonly [label: string, text: string])[] = [
    ['status', `${health.status}, ${url}`],
    ['head', head === null ? UNKNOWN : `${head.size}:${head.hash}`],
    ['lag', describeLag(health.lag)],
    ...(projector === undefined ? [] : [['projector', describeProjector(projector)] as const]),
    ...(stats === null ? [['events', UNKNOWN] as const] : describeStats(stats)),
    ['verified', describeVerification(health.lastVerification)],
    ...describeAlarms(health.alarms),
  ];
  return lines.map(([label, text]) => `${label.padEnd(LABEL)}${shown(text)}`).join('\n');
}

const LABEL = 'projector'.length + 2;
const UNKNOWN = 'not known';

function describeLag({ events, seconds }: HealthAnswer['lag']): string {
  if (seconds === null) return UNKNOWN;
  if (events === 0 || (events === null && seconds === 0)) return 'none';
  const waiting =
    events === null ? 'events wait' : `${counted(events, 'event')} ${events === 1 ? 'waits' : 'wait'}`;
  return `${waiting}, for ${seconds.toFixed(1)} s`;
}

function describeProjector({ state, detail }: NonNullable<HealthAnswer['projector']>): string {
  return detail === null ? state : `${state}: ${detail}`;
}

function describeStats(stats: StatsAnswer): readonly (readonly [string, string])[] {
  const { accepted, rejected, duplicate } = stats.verdicts;
  const { minute, hour, day } = stats.rates;
  const isPart = stats.counted < stats.events;
  const partly = isPart ? ` (of the newest ${stats.counted} entries; ask again for all)` : '';
  return [
    ['events', `${accepted} accepted, ${rejected} rejected, ${duplicate} duplicate`],
    [
      'rates',
      `${perSecond(minute)} in the last minute, ${perSecond(hour)} hour, ${perSecond(day)} day${partly}`,
    ],
    ['sources', `${stats.sources}: ${describeRanking('source', stats.bySource)}`],
    ['types', describeRanking('type', stats.byType)],
  ];
}

function perSecond({ events, perSecond }: Rate): string {
  return `${perSecond}/s (${events})`;
}

function describeRanking<Word extends string>(word: Word, { most, others }: Ranking<Word>): string {
  const first = most.slice(0, MOST);
  const rest = most.slice(MOST).reduce((sum, { events }) => sum + events, others);
  const parts = first.map((each) => `${each[word]} ${each.events}`);
  return [...parts, ...(rest === 0 ? [] : [`others ${rest}`])].join(', ') || 'none';
}

function describeVerification(last: HealthAnswer['lastVerification']): string {
  if (last === null) return 'not since this server started';
  return `${outcomeOf(last)}: ${last.mode}, ${last.checked} of ${last.size} entries, ${last.startedAt}`;
}

function outcomeOf({ intact, findingsTotal }: NonNullable<HealthAnswer['lastVerification']>): string {
  if (intact) return 'intact';
  return findingsTotal === 0 ? 'NOT CHECKED in full' : `NOT INTACT, ${counted(findingsTotal, 'finding')}`;
}

function describeAlarms(alarms: HealthAnswer['alarms']): readonly (readonly [string, string])[] {
  if (alarms.length === 0) return [['alarms', 'none']];
  const told = alarms
    .slice(0, MOST)
    .map(
      ({ code, source, since, detail }) =>
        `${since}  ${code}${source === null ? '' : ` (${source})`}: ${detail}`,
    );
  const more = alarms.length > MOST ? [`… and ${alarms.length - MOST} older ones`] : [];
  return [['alarms', String(alarms.length)], ...[...told, ...more].map((text) => ['', text] as const)];
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
