/** Delivered events in portions worth a transaction: by count, bytes and time, and at once when the log is at its end. */
import type { AdministrativeRecord, LogBatch } from '../event-log/port.js';
import type { RecordedEvent } from '../ledger/types.js';

export interface Limits {
  readonly events: number;
  /** of data and metadata; an event that is larger is a portion of its own */
  readonly bytes: number;
  /** how long an event waits for others, while more are coming */
  readonly ms: number;
}

export const DEFAULT_LIMITS: Limits = { events: 4_000, bytes: 16 * 1024 * 1024, ms: 100 };

/** Reads a subscription; what has arrived beyond one portion stays for the next. */
export class PortionReader {
  readonly #subscription: AsyncIterator<LogBatch>;
  #arriving: Promise<IteratorResult<LogBatch>> | null = null;
  /** what has arrived last, from `#taken` on */
  #arrived: LogBatch = { events: [], live: false };
  #taken = 0;

  constructor(subscription: AsyncIterable<LogBatch>) {
    this.#subscription = subscription[Symbol.asyncIterator]();
  }

  /**
   * The next events, as many as there are within the limits, and everything that was done to the log before the last of
   * them, or after it.
   * @returns null when the subscription has ended; a portion without anything is the news that the log is at its end
   * @throws what the subscription throws
   */
  async next(limits: Limits): Promise<LogBatch | null> {
    const portion = new Portion(limits);
    let deadline = Infinity;
    for (;;) {
      const { events, live } = this.#arrived;
      while (this.#taken < events.length && portion.add(events[this.#taken])) this.#taken++;
      if (this.#taken < events.length) return portion.whole(false);
      if (live) {
        this.#arrived = { events: [], live: false };
        this.#taken = 0;
        return portion.whole(true);
      }
      if (!portion.isEmpty) deadline = Math.min(deadline, Date.now() + limits.ms);
      const more = await within(this.#arrival(), deadline - Date.now());
      if (more === null) return portion.whole(false);
      if (more.done === true) return portion.isEmpty ? null : portion.whole(false);
      this.#arriving = null;
      this.#arrived = more.value;
      this.#taken = 0;
      // not after the events that it came with, though some of those may have to wait
      portion.administration.push(...(more.value.administration ?? []));
    }
  }

  /** Ends the subscription. */
  async close(): Promise<void> {
    // what is still arriving is not wanted any more; its failure is nobody's news
    this.#arriving?.catch(() => undefined);
    await this.#subscription.return?.();
  }

  #arrival(): Promise<IteratorResult<LogBatch>> {
    this.#arriving ??= this.#subscription.next();
    return this.#arriving;
  }
}

class Portion {
  readonly events: RecordedEvent[] = [];
  readonly administration: AdministrativeRecord[] = [];
  readonly #limits: Limits;
  #bytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.events.length + this.administration.length === 0;
  }

  /** @returns false when the portion is full without it */
  add(event: RecordedEvent | undefined): boolean {
    if (event === undefined) return false;
    const size = event.data.length + event.metadata.length;
    const full = this.events.length >= this.#limits.events || this.#bytes + size > this.#limits.bytes;
    if (full && this.events.length > 0) return false;
    this.events.push(event);
    this.#bytes += size;
    return true;
  }

  whole(live: boolean): LogBatch {
    const { events, administration } = this;
    return { events, administration, live };
  }
}

/** @returns null when nothing came in time; the promise goes on */
async function within<Value>(promise: Promise<Value>, ms: number): Promise<Value | null> {
  if (ms === Infinity) return promise;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), Math.max(0, ms));
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
