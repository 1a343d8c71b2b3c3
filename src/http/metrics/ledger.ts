/**
 * Numbers that the parts keep or look up themselves, read at one moment. What is not known has no line: a number that
 * cannot be had must not look like one that is 0.
 */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Alarm } from '../../read-model/port.js';
import type { SubmittedCounts } from '../door.js';
import type { Health } from '../health.js';
import { PROJECTOR_STATES, type ProjectorView } from '../projector-view.js';
import type { VerificationSummary } from '../verifying.js';

export interface Moment {
  readonly version: string;
  /** null: it was not known in time */
  readonly health: Health | null;
  /** events of `_access` in the outbox; null: not known in time, or not known here */
  readonly waiting: number | null;
  /** null: nothing is submitted here */
  readonly submitted: SubmittedCounts | null;
  /** null: none runs in this process */
  readonly projector: ProjectorView | null;
  readonly lastVerification: VerificationSummary | null;
}

/** Alarms that have a line of their own, at most: their sources are as many as somebody made. */
const MOST_ALARMS = 100;

/** @param registry empty; of this moment alone */
export function describeMoment(registry: Registry, moment: Moment): void {
  const write = new Writer(registry);
  write.gauge('build_info', 'The program that runs, in its labels.', [[{ version: moment.version }, 1]]);
  if (moment.health !== null) describeHealth(write, moment.health);
  describeAlarms(write, moment);
  if (moment.submitted !== null) {
    const help = 'Events that clients submitted, by what became of them.';
    write.counter('events_submitted_total', help, byLabel('outcome', moment.submitted));
  }
  write.gauge('outbox_events', 'Events of _access that wait for the event log.', single(moment.waiting));
  if (moment.lastVerification !== null) describeVerification(write, moment.lastVerification);
  if (moment.projector !== null) describeProjector(write, moment.projector);
}

function describeHealth(write: Writer, { status, lag, head }: Health): void {
  const states = (['ok', 'degraded', 'down'] as const).map(
    (each) => [each, each === status ? 1 : 0] as const,
  );
  write.gauge('health', 'What /health says, as the one of its words that is 1.', label('status', states));
  write.gauge('entries', 'Entries of the ledger.', single(head?.size));
  write.gauge('lag_events', 'Events of the log that the ledger has not yet.', single(lag.events));
  write.gauge('lag_seconds', 'How long the oldest of them has waited.', single(lag.seconds));
}

/** Of stores that cannot be asked it is not known how many they have. */
function describeAlarms(write: Writer, { health, projector }: Moment): void {
  const alarms = health?.alarms ?? projector?.alarms ?? [];
  const isWhole = health !== null && health.head !== null;
  write.gauge('alarms', 'Alarms, the newest 1,000 at most.', isWhole ? single(alarms.length) : []);
  const help = `Alarms by code and source (none: the whole log), ${MOST_ALARMS} at most, the newest first.`;
  write.gauge('alarm', help, causes(alarms));
}

function causes(alarms: readonly Alarm[]): readonly Sample[] {
  const found = new Map<string, Sample>();
  for (const { code, source } of alarms) {
    if (found.size === MOST_ALARMS) break;
    found.set(`${code} ${source ?? ''}`, [{ code, source: source ?? '' }, 1]);
  }
  return [...found.values()];
}

function describeVerification(write: Writer, { intact, startedAt }: VerificationSummary): void {
  const of = 'the last verification here of the whole ledger, or with a finding';
  write.gauge('last_verification_intact', `Whether ${of} found nothing.`, single(intact ? 1 : 0));
  const seconds = Date.parse(startedAt) / 1_000;
  write.gauge('last_verification_timestamp_seconds', `When ${of} began.`, single(seconds));
}

function describeProjector(write: Writer, { state, counts }: ProjectorView): void {
  const states = PROJECTOR_STATES.map((each) => [each, each === state ? 1 : 0] as const);
  write.gauge('projector_state', 'The state of the projector, as the one that is 1.', label('state', states));
  write.counter('projector_batches_total', 'Batches that it has committed.', single(counts.batches));
  const entries = 'Entries that it has committed, by verdict.';
  write.counter('projector_entries_total', entries, byLabel('verdict', counts.entries));
  const commits = 'What these commits took together.';
  write.counter('projector_commit_seconds_total', commits, single(counts.commitSeconds));
  const again = 'Events that were delivered again, and dropped.';
  write.counter('projector_redeliveries_total', again, single(counts.redeliveries));
  write.counter(
    'projector_subscription_interruptions_total',
    'Subscriptions to the log that had to be made anew, by reason; slow-consumer is normal under load.',
    byLabel('reason', counts.interruptions),
  );
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

function single(value: number | null | undefined): readonly Sample[] {
  return value === null || value === undefined ? [] : [[{}, value]];
}

function label(name: string, values: readonly (readonly [string, number])[]): readonly Sample[] {
  return values.map(([value, number]) => [{ [name]: value }, number]);
}

function byLabel(name: string, values: Readonly<Record<string, number>>): readonly Sample[] {
  return label(name, Object.entries(values));
}

class Writer {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  gauge(name: string, help: string, samples: readonly Sample[]): void {
    if (samples.length === 0) return;
    const gauge = new Gauge(this.#metric(name, help, samples));
    for (const [labels, value] of samples) gauge.set(labels, value);
  }

  counter(name: string, help: string, samples: readonly Sample[]): void {
    if (samples.length === 0) return;
    const counter = new Counter(this.#metric(name, help, samples));
    for (const [labels, value] of samples) counter.inc(labels, value);
  }

  #metric(name: string, help: string, samples: readonly Sample[]) {
    const labelNames = Object.keys(samples[0]?.[0] ?? {});
    return { name: `event_ledger_${name}`, help, labelNames, registers: [this.#registry] };
  }
}
