/**
 * Everything after a position, in log order, from the filtered $all of EventStoreDB.
 *
 * The server ends a live subscription whose consumer is 32 events behind, about once a second under load, whatever the
 * consumer does; it is made anew at once, after the last event that was handed over. Nothing is lost or repeated by it.
 */
import { LedgerError } from '../../ledger/error.js';
import type { Position, RecordedEvent } from '../../ledger/types.js';
import type { LogBatch } from '../port.js';
import type { Connection, Flow } from './connection.js';
import { faultOf, readFailure } from './fault.js';
import { readAnswer, readLogRequest } from './messages.js';
import { eventInLog, SOURCE_PREFIX } from './streams.js';

/** What may have arrived and wait to be handed over; beyond, the server is not read from. */
const AHEAD = { events: 4_000, bytes: 16 * 1024 * 1024 } as const;

/** A server that does not say that it has delivered everything has, when nothing came for so long. */
const SILENCE_MS = 500;

const ENDED = 'EventStoreDB ended the subscription';

export interface SubscriptionParts {
  readonly connection: Pick<Connection, 'subscribe'>;
  readonly signal: AbortSignal;
  /** called for each time that the server ended it for a consumer too slow */
  readonly fellBehind: () => void;
}

/** See EventLog.subscribe. */
export async function* subscription(
  start: Position | null,
  parts: SubscriptionParts,
): AsyncGenerator<LogBatch, void, undefined> {
  const aborted = (): boolean => parts.signal.aborted;
  let after = start;
  while (!aborted()) {
    const arrivals = new Arrivals(parts.signal);
    try {
      await arrivals.begin(parts.connection, after);
      for (let batch = await arrivals.next(); batch !== null; batch = await arrivals.next()) {
        after = batch.events.at(-1)?.position ?? after;
        yield batch;
      }
      // only who is not wanted any more has nothing more to come
      return;
    } catch (error) {
      if (aborted()) return;
      if (faultOf(error).kind !== 'too-slow') throw readFailure(error);
      parts.fellBehind();
    } finally {
      arrivals.end();
    }
  }
}

/** One subscription: what has arrived of it. */
class Arrivals {
  readonly #signal: AbortSignal;
  readonly #wake = (): void => this.#arrived();
  #flow: Flow | null = null;
  #events: RecordedEvent[] = [];
  #bytes = 0;
  #paused = false;
  #caughtUp = false;
  #saidLive = false;
  #over: { readonly error: Error | null } | null = null;
  #arrived = (): void => undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#wake);
  }

  async begin(connection: Pick<Connection, 'subscribe'>, after: Position | null): Promise<void> {
    const request = readLogRequest({ from: after, backwards: false, limit: null, prefixes: [SOURCE_PREFIX] });
    this.#flow = await connection.subscribe(request, {
      answer: (answer) => {
        const read = readAnswer(answer);
        if (read.kind === 'record') this.#take(eventInLog(read.record));
        else if (read.kind === 'caught-up') this.#caughtUp = true;
        this.#arrived();
      },
      end: (error) => {
        this.#over = { error };
        this.#arrived();
      },
    });
  }

  /** @returns null when aborted; @throws what it ended with, after what had arrived before */
  async next(): Promise<LogBatch | null> {
    for (;;) {
      if (this.#signal.aborted) return null;
      if (this.#events.length > 0) return this.#handOver();
      // an end without an error is that of a server that goes down: the next one may have another log
      if (this.#over !== null) throw this.#over.error ?? new LedgerError('log-unavailable', ENDED);
      if (this.#caughtUp && !this.#saidLive) {
        this.#saidLive = true;
        return { events: [], live: true };
      }
      await this.#arrival();
    }
  }

  end(): void {
    this.#signal.removeEventListener('abort', this.#wake);
    this.#flow?.cancel();
  }

  #take(event: RecordedEvent | null): void {
    if (event === null) return;
    this.#events.push(event);
    this.#bytes += event.data.length + event.metadata.length;
    if (this.#paused || (this.#events.length < AHEAD.events && this.#bytes < AHEAD.bytes)) return;
    this.#paused = true;
    this.#flow?.pause();
  }

  #handOver(): LogBatch {
    const events = this.#events;
    this.#events = [];
    this.#bytes = 0;
    if (this.#paused) this.#flow?.resume();
    // what was held back is still to come
    const live = this.#caughtUp && !this.#paused;
    this.#paused = false;
    this.#saidLive = live;
    return { events, live };
  }

  async #arrival(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#arrived = resolve;
      if (this.#caughtUp) return;
      timer = setTimeout(() => {
        this.#caughtUp = true;
        resolve();
      }, SILENCE_MS);
    });
    clearTimeout(timer);
    this.#arrived = () => undefined;
  }
}
