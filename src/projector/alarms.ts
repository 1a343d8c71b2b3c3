/**
 * What an operator must look at. An alarm stops nothing by itself, is kept in the read model for every process to show,
 * once for each cause over all restarts, and is not ended by what comes after it.
 */
import type { AdministrativeRecord } from '../event-log/port.js';
import { entryName } from '../ledger/name.js';
import type { Alarm as KeptAlarm, Leadership } from '../read-model/port.js';

export type AlarmCode =
  /** a source's revisions skip: its stream was truncated before the ledger read it */
  | 'revision-gap'
  /** the log hides events that the ledger has: their stream was truncated */
  | 'log-truncated'
  /** a stream is to lose its events by age or number */
  | 'log-retention'
  /** the log hides a stream: it was deleted */
  | 'stream-deleted'
  /** a stream has ended for good */
  | 'stream-tombstoned'
  /** what was truncated or deleted is removed from the log for good */
  | 'log-scavenged'
  /** the rights that protect the log are no longer those that it was set up with */
  | 'settings-changed'
  /** nothing at an end of the ledger could be compared with the log: whether it is the same log is not known */
  | 'log-not-compared'
  /** see ProjectorStatus.state `diverged` */
  | 'log-diverged';

export interface Alarm extends KeptAlarm {
  readonly code: AlarmCode;
}

const CODES: Readonly<Record<AdministrativeRecord['what'], AlarmCode>> = {
  truncated: 'log-truncated',
  retention: 'log-retention',
  deleted: 'stream-deleted',
  tombstoned: 'stream-tombstoned',
  scavenged: 'log-scavenged',
  'settings-changed': 'settings-changed',
};

/** What was done to the log, as an alarm: of the time when it was done. */
export function alarmOf({ what, source, place, at, detail }: AdministrativeRecord): Alarm {
  return { code: CODES[what], source: source === null ? null : entryName(source), place, since: at, detail };
}

/** Alarms that this process shows by itself, at most: the rest is in the read model alone. */
const MOST_SHOWN = 1_000;

/** Causes that are remembered as kept, at most; of others the read model is asked again. */
const MOST_REMEMBERED = 10_000;

const LONGEST_DETAIL = 1_000;

export class Alarms {
  readonly #shown = new Map<string, Alarm>();
  readonly #kept = new Set<string>();
  readonly #unkept = new Map<string, Alarm>();
  readonly #raised: (alarm: Alarm) => void;

  /** @param raised called for each cause that was never kept before */
  constructor(raised: (alarm: Alarm) => void) {
    this.#raised = raised;
  }

  /** To be kept with the next `keep`. */
  raise(given: Alarm): void {
    const alarm = presentable(given);
    const cause = causeOf(alarm);
    if (this.#kept.has(cause) || this.#unkept.has(cause)) return;
    this.#unkept.set(cause, alarm);
    if (this.#shown.size < MOST_SHOWN) this.#shown.set(cause, alarm);
  }

  /**
   * Keep what was raised: durable when it resolves, and still to be kept when it rejects.
   * @throws LedgerError as Leadership.keepAlarms
   */
  async keep(ledger: Pick<Leadership, 'keepAlarms'>): Promise<void> {
    if (this.#unkept.size === 0) return;
    const alarms = [...this.#unkept];
    const unheard = new Set(await ledger.keepAlarms(alarms.map(([, alarm]) => alarm)));
    if (this.#kept.size > MOST_REMEMBERED) this.#kept.clear();
    for (const [cause, alarm] of alarms) {
      this.#unkept.delete(cause);
      this.#kept.add(cause);
      if (unheard.has(alarm)) this.#raised(alarm);
    }
  }

  /** Another read model may have come into the place of the one that kept them. */
  forget(): void {
    this.#kept.clear();
  }

  list(): readonly Alarm[] {
    return [...this.#shown.values()];
  }
}

function causeOf({ code, source, place }: Alarm): string {
  return `${code}\u0000${source ?? ''}\u0000${place}`;
}

/** Other programs choose what a detail tells of: it is bounded, and text that a database takes. */
function presentable(alarm: Alarm): Alarm {
  const { detail } = alarm;
  const cut = detail.length > LONGEST_DETAIL ? `${detail.slice(0, LONGEST_DETAIL)}…` : detail;
  return { ...alarm, detail: cut.replaceAll(/[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu, '\ufffd') };
}
