/**
 * What judging one event may cost, counted in steps of some ten nanoseconds, so that no schema and no event can
 * stop the ledger: alternatives that refer back to themselves double with every level, and JSON has 64. Steps are
 * counted, not timed: the same event costs the same everywhere.
 */

/** Thrown out of a validator that has used up its steps. */
export class WorkExceeded extends Error {}

export class Work {
  private left = 0;
  private allowance: (() => number) | null = null;

  /**
   * @param steps that may be spent
   * @param allowance steps on top of them, asked for when they are used up
   */
  begin(steps: number, allowance: (() => number) | null = null): void {
    this.left = steps;
    this.allowance = allowance;
  }

  /** @throws WorkExceeded */
  spend(steps: number): void {
    this.left -= steps;
    if (this.left >= 0) return;
    this.left += this.allowance?.() ?? 0;
    this.allowance = null;
    if (this.left < 0) throw new WorkExceeded();
  }
}

/** How many parts of a value a keyword that loops over it looks at. */
export function extentOf(value: unknown): number {
  if (typeof value === 'string') return value.length >> 3;
  if (typeof value !== 'object' || value === null) return 0;
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}
