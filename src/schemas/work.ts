/**
 * What judging one event may cost, counted in steps of some ten nanoseconds, so that no schema and no event can
 * stop the ledger: alternatives that refer back to themselves double with every level, and JSON has 64. Steps are
 * counted, not timed: the same event costs the same everywhere.
 */

/** Thrown out of a validator that has used up its steps. */
export class WorkExceeded extends Error {}

export class Work {
  private granted = 0;
  private left = 0;
  private allowance: (() => number) | null = null;

  /** Steps taken since the beginning. */
  get spent(): number {
    return this.granted - this.left;
  }

  /**
   * @param steps that may be spent
   * @param allowance steps on top of them, asked for when they are used up
   */
  begin(steps: number, allowance: (() => number) | null = null): void {
    this.granted = this.left = steps;
    this.allowance = allowance;
  }

  /** @throws WorkExceeded */
  spend(steps: number): void {
    this.left -= steps;
    if (this.left >= 0) return;
    const more = this.allowance?.() ?? 0;
    this.granted += more;
    this.left += more;
    this.allowance = null;
    if (this.left < 0) throw new WorkExceeded();
  }
}

/** For verdicts on events that come together: as much as one of them may take, and something for each byte. */
const SHARED_STEPS = 4_000_000;
const SHARED_STEPS_PER_BYTE = 8;

/** For reasons, which take several times as long: an error is an object and a sentence. */
const SHARED_STEPS_FOR_REASONS = 100_000;

/**
 * What judging events that come in one request may cost together, in steps. It is for the door alone, which may ask
 * for less at once, and changes no verdict.
 */
export class SharedWork {
  private forVerdicts = SHARED_STEPS;
  private forReasons = SHARED_STEPS_FOR_REASONS;

  /** Whether what came before has used up what verdicts may take. */
  get usedUp(): boolean {
    return this.forVerdicts <= 0;
  }

  /** Steps that are left for saying what is wrong. */
  get leftForReasons(): number {
    return Math.max(0, this.forReasons);
  }

  /** @param bytes of an event's canonical payload: the larger, the more work may be */
  grow(bytes: number): void {
    this.forVerdicts += SHARED_STEPS_PER_BYTE * bytes;
  }

  spendOnVerdict(steps: number): void {
    this.forVerdicts -= steps;
  }

  spendOnReasons(steps: number): void {
    this.forReasons -= steps;
  }
}

/** How many parts of a value a keyword that loops over it looks at. */
export function extentOf(value: unknown): number {
  if (typeof value === 'string') return value.length >> 3;
  if (typeof value !== 'object' || value === null) return 0;
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}
