/** What a projector says of itself: for /health, metrics and operators. */
import type { Instant } from '../ledger/types.js';

export interface ProjectorStatus {
  readonly state:
    /** another process projects, or the stores have not answered yet */
    | 'waiting'
    | 'leading'
    /** a store failed; it is tried again for ever */
    | 'retrying'
    /** the log is not the one that the ledger was made from: nothing is written until it is started anew */
    | 'diverged'
    | 'stopped';
  /** why, for `retrying` and `diverged` */
  readonly detail: string | null;
  readonly alarms: readonly Alarm[];
}

export type AlarmCode =
  /** a source's revisions skip: its stream was truncated before the ledger read it */
  | 'revision-gap'
  /** the log hides an event that the ledger has: its stream was truncated */
  | 'log-truncated'
  /** the log has lost an event that the ledger has: its stream was deleted */
  | 'stream-deleted'
  /** nothing at an end of the ledger could be compared with the log: whether it is the same log is not known */
  | 'log-not-compared'
  /** see ProjectorStatus.state `diverged` */
  | 'log-diverged';

/** Something an operator must look at. It stops nothing by itself. */
export interface Alarm {
  readonly code: AlarmCode;
  readonly source: string | null;
  readonly since: Instant;
  readonly detail: string;
}

/** Alarms, each cause (code and source) once; bounded, so that a log full of them costs no memory. */
export class Alarms {
  readonly #byCause = new Map<string, Alarm>();
  readonly #raised: (alarm: Alarm) => void;

  /** @param raised called for each new cause */
  constructor(raised: (alarm: Alarm) => void) {
    this.#raised = raised;
  }

  raise(alarm: Alarm): void {
    const cause = `${alarm.code} ${alarm.source ?? ''}`;
    if (this.#byCause.has(cause) || this.#byCause.size >= MOST_ALARMS) return;
    this.#byCause.set(cause, alarm);
    this.#raised(alarm);
  }

  list(): readonly Alarm[] {
    return [...this.#byCause.values()];
  }
}

const MOST_ALARMS = 1_000;
