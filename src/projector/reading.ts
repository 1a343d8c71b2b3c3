/** Delivered events in portions worth a transaction: by count, bytes and time, and at once when the log is at its end. */
import type { LogBatch } from '../event-log/port.js';
import type { RecordedEvent } from '../ledger/types.js';

export interface Limits {
  readonly events: number;
  readonly bytes: number;
  /** how long an event waits for others, while more are coming */
  readonly ms: number;
}

export const DEFAULT_LIMITS: Limits = { events: 4_000, bytes: 16 * 1024 * 1024, ms: 100 };

/** Reads a subscription; one portion at a time, and what has arrived besides stays for the next. */
export class PortionReader {
  readonly #subscription: AsyncIterator<LogBatch>;
  readonly #limits: Limits;
  #arriving: Promise<IteratorResult<LogBatch>> | null = null;

  constructor(subscription: AsyncIterable<LogBatch>, limits: Limits) {
    this.#subscription = subscription[Symbol.asyncIterator]();
    this.#limits = limits;
  }

  /**
   * @returns null when the subscription has ended; a portion without events is the news that the log is at its end
   * @throws what the subscription throws
   */
  async next(): Promise<LogBatch | null> {
    const first = await this.#arrival();
    if (first.done === true) return null;
    this.#arriving = null;
    const events: RecordedEvent[] = [...first.value.events];
    let bytes = sizeOf(first.value.events);
    let live = first.value.live;
    const deadline = Date.now() + this.#limits.ms;
    while (!live && events.length < this.#limits.events && bytes < this.#limits.bytes) {
      const more = await within(this.#arrival(), deadline - Date.now());
      if (more === null || more.done === true) break;
      this.#arriving = null;
      for (const event of more.value.events) events.push(event);
      bytes += sizeOf(more.value.events);
      live = more.value.live;
    }
    return { events, live };
  }

  /** Resolves when the next portion has begun to arrive, or cannot: after it, `next` does not wait for the log. */
  async ready(): Promise<void> {
    await this.#arrival().then(
      () => undefined,
      () => undefined,
    );
  }

  /** Ends the subscription. */
  async close(): Promise<void> {
    // What is still arriving is not wanted any more; its failure is nobody's news.
    this.#arriving?.catch(() => undefined);
    await this.#subscription.return?.();
  }

  #arrival(): Promise<IteratorResult<LogBatch>> {
    this.#arriving ??= this.#subscription.next();
    return this.#arriving;
  }
}

function sizeOf(events: readonly RecordedEvent[]): number {
  return events.reduce((sum, event) => sum + event.data.length + event.metadata.length, 0);
}

/** @returns null when nothing came in time; the promise goes on */
async function within<Value>(promise: Promise<Value>, ms: number): Promise<Value | null> {
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
