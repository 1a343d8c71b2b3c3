/** How the ledger is: what /health, /readyz and the problem of a missing entry say. */
import type { EventLog } from '../event-log/port.js';
import { LedgerError } from '../ledger/error.js';
import { instantToMs } from '../ledger/time.js';
import type { Head, Position } from '../ledger/types.js';
import type { Alarm, LedgerReader } from '../read-model/port.js';
import type { ProjectorView } from './projector-view.js';
import { shared } from './shared.js';
import type { Verifier } from './verifying.js';

export interface Lag {
  /** how many events of the log the ledger has not yet; null where the log cannot tell */
  readonly events: number | null;
  /** how long the oldest of them has waited; null where that is not known */
  readonly seconds: number | null;
}

export interface Health {
  readonly status: 'ok' | 'degraded' | 'down';
  readonly lag: Lag;
  readonly head: Head | null;
  /** kept in the read model, by whatever projector, and those of this process that are not yet */
  readonly alarms: readonly Alarm[];
}

/** An event that waits longer is no longer just on its way. */
const LATE_SECONDS = 60;
/** Asked more often, the answer is that of a moment ago: probes cost the stores nothing. */
const FRESH_MS = 500;

export interface HealthMonitor {
  /** Never rejects. */
  health(): Promise<Health>;
  /** Whether both stores answer. */
  ready(): Promise<boolean>;
}

export function monitorHealth(parts: {
  readonly log: Pick<EventLog, 'health' | 'backlog'>;
  readonly reader: Pick<LedgerReader, 'health' | 'head' | 'alarms'>;
  readonly projector: (() => ProjectorView) | undefined;
  /** where verifications run */
  readonly verifier?: Pick<Verifier, 'last'>;
}): HealthMonitor {
  const { log, reader } = parts;

  async function storesAnswer(): Promise<boolean> {
    const answers = await Promise.all([log.health(), reader.health()]);
    return answers.every(({ status }) => status === 'ok');
  }

  async function look(): Promise<Health> {
    const view = parts.projector?.();
    const up = await storesAnswer();
    const progress = up ? await lookAtProgress(log, reader) : null;
    const { lag, head, kept } = progress ?? UNKNOWN;
    const alarms = together(kept, view?.alarms ?? []);
    const down = progress === null || view?.state === 'diverged';
    const tampered = parts.verifier?.last()?.intact === false;
    const troubled =
      tampered ||
      alarms.length > 0 ||
      view?.state === 'retrying' ||
      view?.state === 'stopped' ||
      (lag.seconds ?? 0) > LATE_SECONDS;
    return { status: down ? 'down' : troubled ? 'degraded' : 'ok', lag, head, alarms };
  }

  return { health: shared(look, FRESH_MS), ready: shared(storesAnswer, FRESH_MS) };
}

const UNKNOWN = { lag: { events: null, seconds: null }, head: null, kept: [] };

async function lookAtProgress(
  log: Pick<EventLog, 'backlog'>,
  reader: Pick<LedgerReader, 'head' | 'alarms'>,
): Promise<{ readonly lag: Lag; readonly head: Head; readonly kept: readonly Alarm[] } | null> {
  try {
    const { size, hash, position } = await reader.head();
    const [lag, kept] = await Promise.all([lagAfter(log, position), reader.alarms()]);
    return { lag, head: { size, hash }, kept };
  } catch {
    return null;
  }
}

/** Each cause once. */
function together(kept: readonly Alarm[], raised: readonly Alarm[]): readonly Alarm[] {
  const causeOf = ({ code, source, place }: Alarm): string => JSON.stringify([code, source, place]);
  const known = new Set(kept.map(causeOf));
  return [...raised.filter((alarm) => !known.has(causeOf(alarm))), ...kept];
}

/** An API process whose user may not read the whole log does not know how far the ledger is behind; it serves all the same. */
async function lagAfter(log: Pick<EventLog, 'backlog'>, position: Position | null): Promise<Lag> {
  try {
    const { events, oldest } = await log.backlog(position);
    const seconds = oldest === null ? 0 : Math.max(0, (Date.now() - instantToMs(oldest)) / 1000);
    return { events, seconds };
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'access-denied') return UNKNOWN.lag;
    throw error;
  }
}
