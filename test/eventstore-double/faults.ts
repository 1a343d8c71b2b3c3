/** The double's switches: everything that goes wrong between a client and a server, at a test's command. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Gate } from './gate.js';
import { accessDenied, consumerTooSlow, Refusal, unauthenticated } from './refusal.js';

/** A gRPC status, as its number: 14 unavailable, 13 internal, 4 deadline exceeded … */
export interface Status {
  readonly code: number;
  readonly details?: string;
}

/** How a call fails: with a status, with its connection, or never (until the client gives up). */
export type Failure = Status | 'cut' | 'silence';

/** An append fails before anything is written, or after everything was. */
export type When = 'before' | 'after';

export interface SlowConsumers {
  /** a live subscription is ended when so many of its events wait to be sent; the real server: 32 */
  readonly behind?: number;
  /** every subscription is ended after so many events, whatever its consumer does */
  readonly events?: number;
  /** every subscription is ended with its first event after so many ms */
  readonly milliseconds?: number;
}

/** What is under way, and ends when told. */
export interface Endable {
  end(refusal?: Refusal): void;
}

export class Faults {
  /** every answer comes so many ms late */
  lateness = 0;
  /** every call with credentials is refused with 16 */
  refuseCredentials = false;
  /** every call to a stream or to $all is refused with 7 */
  forbid = false;
  slowConsumers: SlowConsumers = {};
  readonly #appends: Record<When, Failure[]> = { before: [], after: [] };
  #reads: Failure[] = [];
  #gate: Gate | null = null;
  readonly #subscriptions: Set<Endable>;

  constructor(subscriptions: Set<Endable>) {
    this.#subscriptions = subscriptions;
  }

  /** The next appends fail so, before or after writing. Those that are refused for access, size or form do not count. */
  failAppends(when: When, failure: Failure, times = 1): void {
    for (let n = 0; n < times; n += 1) this.#appends[when].push(failure);
  }

  /** The next reads and subscriptions fail so, before their first message. */
  failReads(failure: Failure, times = 1): void {
    for (let n = 0; n < times; n += 1) this.#reads.push(failure);
  }

  /** End all subscriptions: cleanly, without a word, or with a status. */
  endSubscriptions(failure?: Status): void {
    for (const subscription of [...this.#subscriptions]) {
      subscription.end(failure && new Refusal(failure.code, failure.details ?? ''));
    }
  }

  /** End all subscriptions as the server ends one whose consumer is too slow. */
  dropSlowConsumers(): void {
    for (const subscription of [...this.#subscriptions]) subscription.end(consumerTooSlow('while live'));
  }

  /** Reset all connections now. */
  cut(): void {
    this.#gate?.cut();
  }

  /** Take connections and requests, and answer nothing. */
  freeze(): void {
    this.#gate?.freeze();
  }

  /** Go on after a freeze, also with what was sent meanwhile. */
  thaw(): void {
    this.#gate?.thaw();
  }

  /** Switch everything off. */
  heal(): void {
    this.lateness = 0;
    this.refuseCredentials = false;
    this.forbid = false;
    this.slowConsumers = {};
    this.#appends.before.length = 0;
    this.#appends.after.length = 0;
    this.#reads.length = 0;
    this.thaw();
  }

  /** How many failures of appends and reads are still to come. */
  get pending(): number {
    return this.#appends.before.length + this.#appends.after.length + this.#reads.length;
  }

  /** @internal the gate that the server stands behind from now on */
  behind(gate: Gate | null): void {
    this.#gate = gate;
  }

  /** @internal @throws Refusal when credentials are refused or access is forbidden to all */
  checkAccess(): void {
    if (this.refuseCredentials) throw unauthenticated();
    if (this.forbid) throw accessDenied();
  }

  /** @internal fails, or never resolves, when a failure is due */
  async atAppend(when: When, peer: string): Promise<void> {
    await this.#happen(this.#appends[when].shift(), peer);
  }

  /** @internal */
  async atRead(peer: string): Promise<void> {
    await this.#happen(this.#reads.shift(), peer);
  }

  /** @internal */
  async linger(): Promise<void> {
    if (this.lateness > 0) await delay(this.lateness, undefined, { ref: false });
  }

  async #happen(failure: Failure | undefined, peer: string): Promise<void> {
    if (failure === undefined) return;
    if (typeof failure === 'object') throw new Refusal(failure.code, failure.details ?? '');
    if (failure === 'cut') this.#gate?.cut(Number(peer.split(':').at(-1)));
    await new Promise<never>(() => undefined);
  }
}
