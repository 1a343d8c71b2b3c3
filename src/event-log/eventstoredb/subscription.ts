/**
 * Everything after a position, in log order, from the filtered $all of EventStoreDB.
 *
 * The server ends a live subscription whose consumer is 32 events behind, about once a second under load, whatever the
 * consumer does; it is made anew at once, after the last event that was handed over. Nothing is lost or repeated by it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { LedgerError } from '../../ledger/error.js';
import type { Position, RecordedEvent } from '../../ledger/types.js';
import type { AdministrativeRecord, LogBatch } from '../port.js';
import type { Connection, Flow, Listener } from './connection.js';
import { faultOf, logReadFailure } from './fault.js';
import { administrationIn, GUARDED_PREFIXES } from './guard.js';
import { readAnswer, readLogRequest, type LogRecord } from './messages.js';
import { comparePositions } from './position.js';
import { eventInLog, SOURCE_PREFIX } from './streams.js';

/** What may have arrived and wait to be handed over; beyond, the server is not read from. */
const AHEAD = { events: 4_000, bytes: 16 * 1024 * 1024 } as const;

/** When nothing came for so long, it is looked whether there is more: servers before 23.10 do not say that there is not. */
const SILENCE_MS = 500;

/** A server that drops who has received nothing yet is not asked again at once. */
const PAUSE_MS = 50;

const ENDED = 'EventStoreDB ended the subscription';

export interface SubscriptionParts {
  readonly connection: Pick<Connection, 'subscribe'>;
  /** the place of the newest event */
  readonly newest: () => Promise<Position | null>;
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
    const arrivals = new Arrivals(after, parts);
    const before = after;
    try {
      await arrivals.begin();
      for (let batch = await arrivals.next(); batch !== null; batch = await arrivals.next()) {
        after = batch.events.at(-1)?.position ?? after;
        yield batch;
      }
      // only who is not wanted any more has nothing more to come
      return;
    } catch (error) {
      if (aborted()) return;
      if (faultOf(error).kind !== 'too-slow') throw logReadFailure(error);
      parts.fellBehind();
      if (after === before) await delay(PAUSE_MS, undefined, { ref: false });
    } finally {
      arrivals.end();
    }
  }
}

/** One subscription: what has arrived of it. */
class Arrivals {
  readonly #parts: SubscriptionParts;
  readonly #wake = (): void => this.#arrived();
  /** of the last event that arrived, or what it began after */
  #last: Position | null;
  #flow: Flow | null = null;
  #events: RecordedEvent[] = [];
  #administration: AdministrativeRecord[] = [];
  #bytes = 0;
  #paused = false;
  #caughtUp = false;
  #saidLive = false;
  #over: { readonly error: Error | null } | null = null;
  #arrived = (): void => undefined;

  constructor(after: Position | null, parts: SubscriptionParts) {
    this.#last = after;
    this.#parts = parts;
    parts.signal.addEventListener('abort', this.#wake);
  }

  async begin(): Promise<void> {
    const { connection, signal } = this.#parts;
    const place = { from: this.#last, backwards: false, limit: null };
    const listener: Listener = {
      answer: (answer) => {
        try {
          const read = readAnswer(answer);
          if (read.kind === 'record') this.#take(read.record);
          else if (read.kind === 'caught-up') this.#caughtUp = true;
        } catch (error) {
          // nobody up the stack would hear of it but the process; what follows must not be handed over without it
          this.#over = { error: error as Error };
          this.#flow?.cancel();
        }
        this.#arrived();
      },
      end: (error) => {
        this.#over = { error };
        this.#arrived();
      },
    };
    this.#flow = await connection.subscribe(
      readLogRequest({ ...place, prefixes: [SOURCE_PREFIX, ...GUARDED_PREFIXES] }),
      listener,
      signal,
    );
  }

  /** @returns null when aborted; @throws what it ended with, after what had arrived before */
  async next(): Promise<LogBatch | null> {
    for (;;) {
      if (this.#parts.signal.aborted) return null;
      if (this.#events.length + this.#administration.length > 0) return this.#handOver();
      // an end without an error is that of a server that goes down: the next one may have another log
      if (this.#over !== null) throw this.#over.error ?? new LedgerError('log-unavailable', ENDED);
      if (this.#caughtUp && !this.#saidLive) {
        this.#saidLive = true;
        return { events: [], live: true };
      }
      if (!(await this.#arrival(SILENCE_MS))) await this.#look();
    }
  }

  end(): void {
    this.#parts.signal.removeEventListener('abort', this.#wake);
    this.#flow?.cancel();
  }

  #take(record: LogRecord): void {
    const event = eventInLog(record);
    this.#last = record.position;
    if (event !== null) {
      this.#events.push(event);
      this.#bytes += event.data.length + event.metadata.length;
    } else {
      for (const administration of administrationIn(record)) {
        this.#administration.push(administration);
        this.#bytes += record.stream.length + administration.detail.length;
      }
    }
    const ahead = this.#events.length + this.#administration.length;
    if (this.#paused || (ahead < AHEAD.events && this.#bytes < AHEAD.bytes)) return;
    this.#paused = true;
    this.#flow?.pause();
  }

  #handOver(): LogBatch {
    const events = this.#events;
    const administration = this.#administration;
    this.#events = [];
    this.#administration = [];
    this.#bytes = 0;
    if (this.#paused) {
      // what was held back is still to come, and the server does not say again when all of it has
      this.#paused = false;
      this.#caughtUp = false;
      this.#flow?.resume();
    }
    const live = this.#caughtUp;
    this.#saidLive = live;
    return administration.length === 0 ? { events, live } : { events, administration, live };
  }

  /** @returns false when nothing has arrived for so long while it is not known to be live */
  async #arrival(silenceMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const arrived = await new Promise<boolean>((resolve) => {
      this.#arrived = () => resolve(true);
      if (!this.#caughtUp) timer = setTimeout(resolve, silenceMs, false);
    });
    clearTimeout(timer);
    this.#arrived = () => undefined;
    return arrived;
  }

  /** Whether everything has arrived; a server that does not answer does not say so, and the subscription ends with it. */
  async #look(): Promise<void> {
    const last = this.#last;
    const looked = this.#parts.newest().then(
      (newest) => {
        const isAll = newest === null || (last !== null && comparePositions(newest, last) <= 0);
        if (isAll && last === this.#last) this.#caughtUp = true;
        this.#arrived();
      },
      () => this.#arrived(),
    );
    await Promise.race([looked, new Promise<void>((resolve) => (this.#arrived = resolve))]);
    this.#arrived = () => undefined;
  }
}
