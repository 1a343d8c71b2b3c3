/** How many entries were recorded in each second of the last day. */
import type { RecentCounts } from './port.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Clocks of processes that record differ; what lies further ahead is no clock's, and is not waited for. */
const AHEAD = HOUR;

export class RecentSeconds {
  readonly #counts = new Map<number, number>();

  /** @param second since 1970, in which so many entries more were recorded */
  add(second: number, count: number, now: number): void {
    if (second <= now - DAY || second > now + AHEAD) return;
    this.#counts.set(second, (this.#counts.get(second) ?? 0) + count);
  }

  /** Of the last minute, hour and day: so many seconds, the current one with them. */
  counts(now: number): RecentCounts {
    const recent = { minute: 0, hour: 0, day: 0 };
    for (const [second, count] of this.#counts) {
      const age = now - second;
      if (age >= DAY) this.#counts.delete(second);
      if (age < 0 || age >= DAY) continue;
      recent.day += count;
      if (age < HOUR) recent.hour += count;
      if (age < MINUTE) recent.minute += count;
    }
    return recent;
  }
}
