/** A log in memory whose faults are switched on by hand: what a real one does only when it breaks. */
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type {
  AdministrativeRecord,
  EventLog,
  LogBatch,
  LookUp,
  ReadOptions,
  SubscribeOptions,
} from '../../src/event-log/port.js';
import { canonicalBytes } from '../../src/ledger/canonical-json.js';
import { LedgerError } from '../../src/ledger/error.js';
import type { EventId, Instant, Json, Position, RecordedEvent, Revision } from '../../src/ledger/types.js';

export interface Written {
  readonly source?: string;
  readonly type?: string;
  readonly id?: string;
  readonly payload?: Json;
  readonly data?: Buffer;
  readonly metadata?: Buffer;
  readonly revision?: number;
  readonly position?: number;
}

type ProjectedLog = Pick<EventLog, 'subscribe' | 'lookUp' | 'readSource' | 'comparePositions'>;

/** What was done to the log when it held so many events. */
interface Done {
  readonly after: number;
  readonly record: AdministrativeRecord;
}

export class MemoryLog implements ProjectedLog {
  /** may be changed by tests: what the log holds now */
  events: RecordedEvent[] = [];
  readonly done: Done[] = [];
  /** places that the log does not show any more: `source revision` */
  readonly hidden = new Set<string>();
  /** thrown by the next subscriptions, one each, before their first event */
  readonly refusals: LedgerError[] = [];
  /** events that a subscription hands over at once */
  batch = 100;
  subscriptions = 0;
  /** whether subscriptions leave open if there is more, and say nothing then */
  stalls = false;
  /** subscriptions under way are told so often that they fell behind, when their next event comes */
  drops = 0;
  readonly #changed = new EventEmitter().setMaxListeners(0);
  #broken = new AbortController();

  write(...written: readonly Written[]): readonly RecordedEvent[] {
    const events = written.map((each) => this.#recorded(each));
    this.#changed.emit('change');
    return events;
  }

  /** Something that is done to the log itself, in its order with the events. */
  administer(record: Partial<AdministrativeRecord>): void {
    const at = '2026-11-20T10:00:00.000Z' as Instant;
    const place = `position ${this.events.length}.${this.done.length}`;
    this.done.push({
      after: this.events.length,
      record: { what: 'truncated', source: 'billing', place, at, detail: 'by hand', ...record },
    });
    this.#changed.emit('change');
  }

  /** Ends all subscriptions with an error. */
  interrupt(): void {
    this.#endWith(new LedgerError('log-unavailable', 'the connection to the log broke'));
  }

  /** Ends all subscriptions without one, as a log that is closed does. */
  end(): void {
    this.#endWith(null);
  }

  #endWith(failure: LedgerError | null): void {
    this.#broken.abort(failure);
    this.#broken = new AbortController();
  }

  async *subscribe({
    after,
    signal,
    fellBehind,
  }: SubscribeOptions): AsyncGenerator<LogBatch, void, undefined> {
    this.subscriptions += 1;
    const refusal = this.refusals.shift();
    if (refusal !== undefined) throw refusal;
    const broken = this.#broken.signal;
    const ending = AbortSignal.any([signal, broken]);
    let seen = this.events.filter(
      ({ position }) => after !== null && Number(position) <= Number(after),
    ).length;
    // what was done before the event that it resumes after was handed over with it
    let done = this.done.filter((each) => each.after < seen).length;
    let saidLive = false;
    while (!ending.aborted) {
      for (; this.drops > 0; this.drops--) fellBehind?.();
      const events = this.events.slice(seen, seen + this.batch);
      seen += events.length;
      const administration = this.done.slice(done).filter((each) => each.after <= seen);
      done += administration.length;
      const live = seen >= this.events.length && !this.stalls;
      const records = administration.map(({ record }) => record);
      if (events.length + records.length > 0 || !saidLive) yield { events, administration: records, live };
      saidLive = live;
      if (seen < this.events.length || done < this.done.length) continue;
      await once(this.#changed, 'change', { signal: ending }).catch(() => undefined);
    }
    if (!signal.aborted && broken.reason !== null) throw broken.reason;
  }

  lookUp(source: string, revision: Revision): Promise<LookUp> {
    const stream = this.events.filter((event) => event.source === source);
    const event = stream.find((each) => each.revision === revision);
    if (this.hidden.has(`${source} ${revision}`)) {
      return Promise.resolve({ status: 'hidden', reason: 'truncated' });
    }
    if (event !== undefined) return Promise.resolve({ status: 'found', event });
    return Promise.resolve({ status: 'absent', lastRevision: stream.at(-1)?.revision ?? null });
  }

  async *readSource(
    source: string,
    { from = 0 as Revision, limit = Infinity }: ReadOptions = {},
  ): AsyncGenerator<RecordedEvent, void, undefined> {
    await Promise.resolve();
    const shown = this.events.filter(
      (event) =>
        event.source === source && event.revision >= from && !this.hidden.has(`${source} ${event.revision}`),
    );
    yield* shown.slice(0, limit);
  }

  comparePositions(a: Position, b: Position): number {
    return Number(a) - Number(b);
  }

  #recorded(written: Written): RecordedEvent {
    const { source = 'billing', type = 'customer.billed', payload = { n: this.events.length } } = written;
    const stream = this.events.filter((event) => event.source === source);
    const last = Number(this.events.at(-1)?.position ?? 0);
    const event: RecordedEvent = {
      position: String(written.position ?? last + 1) as Position,
      source,
      revision: (written.revision ?? (stream.at(-1)?.revision ?? -1) + 1) as Revision,
      id: (written.id ?? randomUUID()) as EventId,
      type,
      data: written.data ?? canonicalBytes(payload),
      metadata: written.metadata ?? Buffer.alloc(0),
      loggedAt: '2026-11-20T10:00:00.000Z' as Instant,
    };
    this.events.push(event);
    return event;
  }
}
