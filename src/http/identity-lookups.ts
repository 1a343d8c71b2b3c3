/**
 * Which identities the ledger has already: asked before an event that brings its own id is appended. Questions about
 * one source that come while another one runs are one, and those about several are asked together.
 */
import type { Logger } from 'pino';
import { LedgerError } from '../ledger/error.js';
import type { Entry, EventId, Index, Revision } from '../ledger/types.js';
import type { KnownPlace, LedgerReader } from '../read-model/port.js';
import { JointQuestions, type Ask } from './joint-questions.js';

export interface LookedUp {
  /** where the ledger has something under these ids */
  readonly places: ReadonlyMap<EventId, KnownPlace>;
  /**
   * The log has to be looked through from this revision on. When the ledger could not be asked: from the last
   * revision of the source that this process has seen in it, null when it has seen none.
   */
  readonly since: Revision | null;
}

const NONE: ReadonlyMap<EventId, KnownPlace> = new Map();
const PATIENCE_MS = 3_000;
const REMEMBERED_SOURCES = 10_000;

/** Questions about one source that wait for the one under way. */
interface Group {
  readonly ids: Set<EventId>;
  readonly answer: Promise<LookedUp>;
}

export class IdentityLookups {
  readonly #reader: Pick<LedgerReader, 'identities' | 'entriesAt'>;
  readonly #logger: Logger;
  readonly #questions: JointQuestions;
  readonly #running = new Map<string, Promise<LookedUp>>();
  readonly #waiting = new Map<string, Group>();
  /** of the sources asked for most recently, those asked for longest ago first */
  readonly #lastRevisions = new Map<string, Revision>();
  #askable = true;

  constructor(reader: Pick<LedgerReader, 'identities' | 'entriesAt'>, logger: Logger) {
    this.#reader = reader;
    this.#logger = logger;
    this.#questions = new JointQuestions(
      persistently((questions) => reader.identities(questions)),
      isOutage,
    );
  }

  /** Rejects for bugs only: that the ledger cannot be asked is an answer, too. */
  find(source: string, wanted: Iterable<EventId>): Promise<LookedUp> {
    const group = this.#waiting.get(source);
    if (group !== undefined) {
      for (const id of wanted) group.ids.add(id);
      return group.answer;
    }
    const ids = new Set(wanted);
    const answer = this.#askInTurn(source, ids);
    this.#waiting.set(source, { ids, answer });
    return answer;
  }

  /**
   * The entries at these indexes, a bounded part of them at a time. Ends when the ledger cannot be asked; what it cannot
   * read is left out.
   */
  async *read(indexes: readonly Index[]): AsyncGenerator<Entry, void, undefined> {
    try {
      for await (const entries of this.#reader.entriesAt(indexes)) yield* entries;
    } catch (error) {
      if (!(error instanceof LedgerError) || error.code === 'internal') throw error;
      this.#noteAskable(false, error);
    }
  }

  async #askInTurn(source: string, ids: ReadonlySet<EventId>): Promise<LookedUp> {
    await this.#running.get(source)?.catch(() => undefined);
    this.#waiting.delete(source);
    const answer = this.#ask(source, [...ids]);
    this.#running.set(source, answer);
    try {
      return await answer;
    } finally {
      if (this.#running.get(source) === answer) this.#running.delete(source);
    }
  }

  async #ask(source: string, ids: readonly EventId[]): Promise<LookedUp> {
    try {
      const { places, lastRevision } = await this.#questions.ask(source, ids);
      this.#noteAskable(true);
      if (lastRevision !== null) this.#remember(source, lastRevision);
      return { places, since: after(lastRevision ?? -1) };
    } catch (error) {
      if (!(error instanceof LedgerError) || error.code === 'internal') throw error;
      this.#noteAskable(false, error);
      const last = this.#lastRevisions.get(source);
      return { places: NONE, since: last === undefined ? null : after(last) };
    }
  }

  #remember(source: string, revision: Revision): void {
    this.#lastRevisions.delete(source);
    this.#lastRevisions.set(source, revision);
    const [oldest] = this.#lastRevisions.keys();
    if (this.#lastRevisions.size > REMEMBERED_SOURCES && oldest !== undefined) {
      this.#lastRevisions.delete(oldest);
    }
  }

  #noteAskable(askable: boolean, error?: unknown): void {
    if (askable === this.#askable) return;
    this.#askable = askable;
    if (askable) this.#logger.info('the ledger can be asked for identities again');
    else
      this.#logger.warn(
        { err: error },
        'the ledger cannot be asked for identities: looking in the log alone',
      );
  }
}

function after(revision: number): Revision {
  return (revision + 1) as Revision;
}

function isOutage(error: unknown): boolean {
  return error instanceof LedgerError && error.code === 'store-unavailable';
}

/** Asks twice at most, as a connection may have died while idle, and not for longer than a producer should wait. */
function persistently(ask: Ask): Ask {
  return async (questions) => {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_resolve, reject) => {
      const error = new LedgerError('store-unavailable', `no answer within ${PATIENCE_MS} ms`);
      timer = setTimeout(reject, PATIENCE_MS, error);
    });
    const twice = ask(questions).catch((error: unknown) => {
      if (error instanceof LedgerError && error.retryable) return ask(questions);
      throw error;
    });
    try {
      return await Promise.race([twice, tooLong]);
    } finally {
      clearTimeout(timer);
    }
  };
}
