/** What the projector says of itself, when it runs in this process: for /health and /metrics. */
import type { Verdict } from '../ledger/types.js';
import type { Alarm } from '../read-model/port.js';

export const PROJECTOR_STATES = ['waiting', 'leading', 'retrying', 'diverged', 'stopped'] as const;

export interface ProjectorView {
  readonly state: (typeof PROJECTOR_STATES)[number];
  /** why, for `retrying` and `diverged` */
  readonly detail: string | null;
  /** those that it raised by itself */
  readonly alarms: readonly Alarm[];
  /** since it was started */
  readonly counts: {
    readonly batches: number;
    readonly entries: Readonly<Record<Verdict, number>>;
    /** of all its commits together */
    readonly commitSeconds: number;
    readonly redeliveries: number;
    readonly interruptions: Readonly<Record<'slow-consumer' | 'other', number>>;
  };
}
