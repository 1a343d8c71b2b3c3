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
import { CompiledSchemas } from '../schemas/compiled-schemas.js';
import { Alarms } from './alarms.js';
import { Counting } from './counting.js';
import { follow } from './following.js';
import { Outage } from './outage.js';
import { Pace } from './pace.js';
import { PayloadIndexing } from './payload-indexing.js';
import { DEFAULT_LIMITS, type Limits } from './reading.js';
import type { ProjectorStatus } from './status.js';

export interface ProjectorOptions {
  readonly log: EventLog;
  readonly writer: LedgerWriter;
  readonly logger: Logger;
  readonly limits?: Limits;
}

export interface Projector {
  status(): ProjectorStatus;
  /**
   * Ends it: what is being committed is waited for, the lead is given back. Resolves within a second, also when a store
   * hangs; then closing the writer ends what is left.
   */
  stop(): Promise<void>;
}

/** Starts at once, and runs until it is stopped. Never rejects, never throws. */
export function startProjector(options: ProjectorOptions): Projector {
  return new Projection(options);
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

const STOP_MS = 900;

class Projection implements Projector {
  readonly #options: ProjectorOptions;
  readonly #stopping = new AbortController();
  readonly #alarms: Alarms;
  readonly #pace: Pace;
  readonly #outage: Outage;
  readonly #counting = new Counting();
  readonly #compiled = new CompiledSchemas();
  readonly #ended: Promise<void>;
  #state: ProjectorStatus['state'] = 'waiting';
  #detail: string | null = null;
  /** since the ledger last advanced */
  #failures = 0;
  /** another projector had the lead when this one stood for it */
  #stoodBy = false;

  constructor(options: ProjectorOptions) {
    this.#options = options;
    this.#alarms = new Alarms((alarm) => options.logger.error({ alarm }, 'alarm'));
    this.#pace = new Pace(options.limits ?? DEFAULT_LIMITS);
    this.#outage = new Outage(options.logger);
    this.#ended = this.#run();
  }

  status(): ProjectorStatus {
    const alarms = this.#alarms.list();
    return { state: this.#state, detail: this.#detail, alarms, counts: this.#counting.counts() };
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    const enough = new AbortController();
    await Promise.race([this.#ended, pause(STOP_MS, enough.signal)]);
    enough.abort();
  }

  async #run(): Promise<void> {
    const stopping = this.#stopping.signal;
    while (!stopping.aborted) {
      try {
        await this.#lead();
      } catch (error) {
        if (isDivergence(error)) await pause(Infinity, stopping);
        else {
          this.#failed(error);
          await pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1)), stopping);
        }
      }
    }
    this.#enter('stopped', null);
  }

  /** From election to the loss of the lead. */
  async #lead(): Promise<void> {
    const { log, writer, logger } = this.#options;
    const ledger = await writer.lead(this.#stopping.signal, () => this.#standBy());
    if (ledger === null) return;
    try {
      await follow({
        ...{ log, ledger, alarms: this.#alarms, counting: this.#counting, now },
        ...{ compiled: this.#compiled, pace: this.#pace },
        indexing: new PayloadIndexing(ledger, logger),
        stopping: this.#stopping.signal,
        began: () => this.#began(),
        advanced: () => this.#advanced(),
        fellBehind: () => logger.debug('the log dropped the subscription as too slow; it goes on'),
      });
    } catch (error) {
      if (isDivergence(error)) await this.#diverged(error, ledger);
      throw error;
    } finally {
      await ledger.release();
    }
  }

  #standBy(): void {
    this.#options.logger.info('another projector has the lead; this one waits to take over');
    this.#stoodBy = true;
    this.#failures = 0;
    this.#outage.over('standing by again');
    this.#enter('waiting', null);
  }

  #began(): void {
    if (this.#stoodBy) this.#options.logger.info('this projector has taken the lead');
    this.#stoodBy = false;
    this.#enter('leading', null);
  }

  #advanced(): void {
    this.#failures = 0;
    this.#pace.succeeded();
    this.#outage.over('projecting again');
  }

  #failed(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    this.#outage.failed(error);
    this.#failures += 1;
    this.#pace.failed();
    this.#enter('retrying', error instanceof Error ? error.message : String(error));
  }

  /** The alarm is over when the ledger has gone on from the size that it names (LedgerReader.alarms). */
  async #diverged(error: LedgerError, ledger: Leadership): Promise<void> {
    const { logger } = this.#options;
    logger.fatal({ err: error }, 'the log is not the one that the ledger was made from');
    const detail = error.message;
    const place = await ledger.state().then(
      ({ head }) => `size ${head.size}`,
      () => '',
    );
    this.#alarms.raise({ code: 'log-diverged', source: null, place, since: now(), detail });
    this.#enter('diverged', detail);
    await this.#alarms
      .keep(ledger)
      .catch((failure: unknown) => logger.warn({ err: failure }, 'alarms could not be kept'));
  }

  #enter(state: ProjectorStatus['state'], detail: string | null): void {
    this.#state = state;
    this.#detail = detail;
  }
}

function now(): Instant {
  return instantFromMs(Date.now());
}

function isDivergence(error: unknown): error is LedgerError {
  return error instanceof LedgerError && error.code === 'log-diverged';
}

/** Resolves after so long, at once when aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = ms === Infinity ? undefined : setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
