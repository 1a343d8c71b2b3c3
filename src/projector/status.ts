/** What a projector says of itself: for /health, metrics and operators. */
import type { Alarm } from './alarms.js';
import type { ProjectorCounts } from './counting.js';

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
  /** those that this process raised, 1,000 at most; the read model keeps all */
  readonly alarms: readonly Alarm[];
  readonly counts: ProjectorCounts;
}
