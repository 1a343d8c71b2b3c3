/** The log's events one by one, of which the next can be looked at before it is taken. */
import { ahead } from './ahead.js';
import type { RecordedEvent } from './types.js';

export class EventFeed {
  readonly #batches: AsyncIterator<readonly RecordedEvent[]>;
  #batch: readonly RecordedEvent[] = [];
  #next = 0;
  #over = false;

  constructor(batches: AsyncIterable<readonly RecordedEvent[]>) {
    this.#batches = ahead(batches);
  }

  /** The next event, null after the last. */
  async front(): Promise<RecordedEvent | null> {
    for (;;) {
      const event = this.#batch[this.#next];
      if (event !== undefined) return event;
      if (this.#over) return null;
      const result = await this.#batches.next();
      this.#over = result.done === true;
      this.#batch = result.done === true ? [] : result.value;
      this.#next = 0;
    }
  }

  /** Take the event that `front` gave. */
  advance(): void {
    this.#next++;
  }

  async close(): Promise<void> {
    this.#over = true;
    this.#batch = [];
    await this.#batches.return?.();
  }
}
