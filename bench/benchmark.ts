/** What a benchmark is, and how a subject is measured beside its floor. */
import type { FinishedLedgers } from './support/finished-ledgers.js';
import type { RunSettings } from './support/run-settings.js';
import { summarise, type Summary } from './support/statistics.js';

/** A path through the product that somebody waits for, or pays for. */
export interface Benchmark {
  /** what `--only` takes */
  readonly name: string;
  run(bench: Bench): Promise<readonly Result[]>;
}

/** What a run of the benchmarks gives each of them. */
export interface Bench extends RunSettings {
  /** to measure reading on; shared by all paths */
  readonly ledgers: FinishedLedgers;
}

export interface Result {
  /** the path, as the table names it */
  readonly path: string;
  readonly unit: string;
  readonly subject: Summary;
  /** null: nothing to compare with, the target is a figure */
  readonly floor: Summary | null;
  /** subject / floor, of each pair of runs */
  readonly ratio: Summary | null;
  /** null: a figure to know, with nothing to reach */
  readonly target: Target | null;
  /** what else was seen, for the JSON */
  readonly details?: Readonly<Record<string, number>>;
}

export type Target =
  /** the ratio's median */
  | { readonly atLeast: number }
  | { readonly atMost: number }
  /** the subject's own median, in the result's unit */
  | { readonly subjectAtMost: number }
  /** how much larger than the floor's the subject's median is, in the result's unit */
  | { readonly aboveFloorAtMost: number };

/** One measurement of one side: a figure in the result's unit. */
export type Side = () => Promise<number>;

/**
 * Measure floor and subject in turn, so that a machine whose speed drifts slows both.
 * @returns a summary of each, and of the ratios pair by pair
 */
export async function inTurn(
  rounds: number,
  sides: { readonly subject: Side; readonly floor: Side },
): Promise<Pick<Result, 'subject' | 'floor' | 'ratio'>> {
  const floors: number[] = [];
  const subjects: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    floors.push(await sides.floor());
    subjects.push(await sides.subject());
  }
  const ratios = subjects.map((subject, round) => subject / (floors[round] ?? NaN));
  return { subject: summarise(subjects), floor: summarise(floors), ratio: summarise(ratios) };
}

export function isReached({ target, ...measured }: Result): boolean {
  return target === null || distance(target, measured) >= 1;
}

/** In two minutes on a machine that does other things: what is this far from its target is broken, not unlucky. */
const FAR = 0.6;

export function isFarBelow({ target, ...measured }: Result): boolean {
  return target !== null && distance(target, measured) < FAR;
}

/** How near the target is: 1 and more where it is reached. */
function distance(
  target: Target,
  { subject, floor, ratio }: Pick<Result, 'subject' | 'floor' | 'ratio'>,
): number {
  if ('subjectAtMost' in target) return target.subjectAtMost / subject.median;
  if ('aboveFloorAtMost' in target) {
    const above = subject.median - (floor?.median ?? NaN);
    return above <= 0 ? Infinity : target.aboveFloorAtMost / above;
  }
  const reached = ratio?.median ?? NaN;
  return 'atLeast' in target ? reached / target.atLeast : target.atMost / reached;
}
