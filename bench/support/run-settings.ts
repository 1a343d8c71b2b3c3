/** How a run of the benchmarks measures, the same for all of them. */
import type { EventMaker } from './events.js';

export interface RunSettings {
  /** measurements of each side */
  readonly rounds: number;
  /** two minutes for all of them: fewer events, one round */
  readonly quick: boolean;
  readonly events: EventMaker;
  /** an EventStoreDB to measure in the place of the embedded log, without targets */
  readonly eventStoreUrl: string | null;
  /** one line for whoever waits */
  note(line: string): void;
}
