/**
 * The projector: from the log to the ledger, in log order, one at a time. Whatever fails is tried again for ever from
 * the head as the database has it, and no event is skipped; only another log in the place of the ledger's stops it.
 */
import type { Logger } from 'pino';
import type { EventLog } from '../event-log/port.js';
import { LedgerError } from '../ledger/error.js';
import { instantFromMs } from '../ledger/time.js';
import type { Instant } from '../ledger/types.js';
import type { Leadership, LedgerWriter } from '../read-model/port.js';
import { Preparation } from './preparation.js';
import { DEFAULT_LIMITS, PortionReader, type Limits } from './reading.js';
import { requireSameLog } from './same-log.js';
import { Alarms, type ProjectorStatus } from './status.js';

export interface ProjectorOptions {
  readonly log: EventLog;
  readonly writer: LedgerWriter;
  readonly logger: Logger;
  readonly limits?: Limits;
}

export interface Projector {
  status(): ProjectorStatus;
  /** Ends it: what is being committed is waited for, the lead is given back. */
  stop(): Promise<void>;
}

/** Starts at once, and runs until it is stopped. Never rejects, never throws. */
export function startProjector(options: ProjectorOptions): Projector {
  return new Projection(options);
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

class Projection implements Projector {
  readonly #options: ProjectorOptions;
  readonly #stopping = new AbortController();
  readonly #alarms: Alarms;
  readonly #ended: Promise<void>;
  #state: ProjectorStatus['state'] = 'waiting';
  #detail: string | null = null;

  constructor(options: ProjectorOptions) {
    this.#options = options;
    this.#alarms = new Alarms((alarm) => options.logger.warn({ alarm }, 'alarm'));
    this.#ended = this.#run();
  }

  status(): ProjectorStatus {
    return { state: this.#state, detail: this.#detail, alarms: this.#alarms.list() };
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#lead(() => (failures = 0));
      } catch (error) {
        if (error instanceof LedgerError && error.code === 'log-diverged') {
          await this.#diverged(error);
          return;
        }
        this.#failed(error, failures);
        failures += 1;
        await pause(
          Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10)),
          this.#stopping.signal,
        );
      }
    }
    this.#state = 'stopped';
    this.#detail = null;
  }

  /** One leadership, from election to the loss of it. */
  async #lead(succeeded: () => void): Promise<void> {
    const leadership = await this.#options.writer.lead(this.#stopping.signal);
    if (leadership === null) return;
    try {
      await this.#follow(leadership, succeeded);
    } finally {
      await leadership.release();
    }
  }

  /** Follows the log until stopped; every batch is prepared while the one before is committed. */
  async #follow(ledger: Leadership, succeeded: () => void): Promise<void> {
    const { log } = this.#options;
    const state = await ledger.state();
    const now = (): Instant => instantFromMs(Date.now());
    await requireSameLog({ log, ledger, alarms: this.#alarms, now }, state.head.size);
    const preparation = await Preparation.begin({ log, ledger, alarms: this.#alarms, now }, state);

    const failed = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, ledger.lost, failed.signal]);
    const reader = new PortionReader(
      log.subscribe({ after: state.position, signal }),
      this.#options.limits ?? DEFAULT_LIMITS,
    );
    let committing: Promise<void> = Promise.resolve();
    try {
      this.#recovered();
      for (let portion = await reader.next(); portion !== null; portion = await reader.next()) {
        const batch = portion.events.length === 0 ? null : await preparation.next(portion.events);
        await committing;
        if (batch !== null) {
          committing = ledger.commit(batch);
          // A failure is thrown where it is awaited; meanwhile nothing more is read.
          committing.catch(() => failed.abort());
        }
        if (!portion.live) continue;
        await committing;
        succeeded();
        await this.#useIdleTime(ledger, reader, signal);
      }
    } finally {
      await reader.close();
      await committing;
    }
    if (!this.#stopping.signal.aborted) {
      throw new LedgerError('store-unavailable', 'the session that holds the projector lock was lost');
    }
  }

  /** Fills the payload index step by step, as long as the log has nothing new. */
  async #useIdleTime(ledger: Leadership, reader: PortionReader, signal: AbortSignal): Promise<void> {
    const arrival = new AbortController();
    const arrived = reader.ready().then(() => arrival.abort());
    const enough = AbortSignal.any([signal, arrival.signal]);
    while (!enough.aborted && (await ledger.indexPayloads(enough)));
    await arrived;
  }

  #recovered(): void {
    if (this.#state === 'retrying') this.#options.logger.info('projecting again');
    this.#state = 'leading';
    this.#detail = null;
  }

  /** Said once an outage, not once a try. */
  #failed(error: unknown, failures: number): void {
    const detail = error instanceof Error ? error.message : String(error);
    if (failures === 0 || detail !== this.#detail) {
      this.#options.logger.error({ err: error }, 'projecting failed; it is tried again until it succeeds');
    }
    this.#state = 'retrying';
    this.#detail = detail;
  }

  async #diverged(error: LedgerError): Promise<void> {
    this.#options.logger.fatal({ err: error }, 'the log is not the one that the ledger was made from');
    this.#alarms.raise({
      code: 'log-diverged',
      source: null,
      since: instantFromMs(Date.now()),
      detail: error.message,
    });
    this.#state = 'diverged';
    this.#detail = error.message;
    await aborted(this.#stopping.signal);
    this.#state = 'stopped';
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
