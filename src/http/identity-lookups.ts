/**
 * Which identities the ledger has already: asked before an event that brings its own id is appended. Questions about
 * one source that come while another one runs are asked together.
 */
import type { Logger } from 'pino';
import { LedgerError } from '../ledger/error.js';
import type { Entry, EventId, Revision } from '../ledger/types.js';
import type { KnownIdentities, LedgerReader } from '../read-model/port.js';

export interface LookedUp {
  /** what the ledger has under these ids */
  readonly entries: ReadonlyMap<EventId, Entry>;
  /**
   * The log has to be looked through from this revision on. When the ledger could not be asked: from the last
   * revision of the source that this process has seen in it, null when it has seen none.
   */
  readonly since: Revision | null;
}

export interface IdentityLookups {
  /** Rejects for bugs only: that the ledger cannot be asked is an answer, too. */
  find(source: string, ids: Iterable<EventId>): Promise<LookedUp>;
}

const NONE: ReadonlyMap<EventId, Entry> = new Map();
const PATIENCE_MS = 3_000;
const QUESTIONS_AT_ONCE = 8;
const REMEMBERED_SOURCES = 10_000;

export function identityLookups(reader: Pick<LedgerReader, 'identities'>, logger: Logger): IdentityLookups {
  const lastRevisions = recentRevisions();
  const running = new Map<string, Promise<LookedUp>>();
  const waiting = new Map<string, { readonly ids: Set<EventId>; readonly answer: Promise<LookedUp> }>();
  const turns = turnstile(QUESTIONS_AT_ONCE);
  let askable = true;

  function noteState(now: boolean, error?: unknown): void {
    if (now === askable) return;
    askable = now;
    if (now) logger.info('the ledger can be asked for identities again');
    else logger.warn({ err: error }, 'the ledger cannot be asked for identities: looking in the log alone');
  }

  async function ask(source: string, ids: readonly EventId[]): Promise<LookedUp> {
    try {
      const known = await turns.take(() => persistently(() => reader.identities(source, ids)));
      noteState(true);
      if (known.lastRevision !== null) lastRevisions.set(source, known.lastRevision);
      return { entries: known.entries, since: after(known.lastRevision ?? -1) };
    } catch (error) {
      if (!(error instanceof LedgerError) || error.code === 'internal') throw error;
      noteState(false, error);
      const last = lastRevisions.get(source);
      return { entries: NONE, since: last === undefined ? null : after(last) };
    }
  }

  async function askInTurn(source: string, ids: ReadonlySet<EventId>): Promise<LookedUp> {
    await running.get(source)?.catch(() => undefined);
    waiting.delete(source);
    const answer = ask(source, [...ids]);
    running.set(source, answer);
    try {
      return await answer;
    } finally {
      if (running.get(source) === answer) running.delete(source);
    }
  }

  return {
    find(source, wanted) {
      const group = waiting.get(source);
      if (group !== undefined) {
        for (const id of wanted) group.ids.add(id);
        return group.answer;
      }
      const ids = new Set(wanted);
      const answer = askInTurn(source, ids);
      waiting.set(source, { ids, answer });
      return answer;
    },
  };
}

function after(revision: number): Revision {
  return (revision + 1) as Revision;
}

/** The last revisions of the sources asked for most recently. */
function recentRevisions(): Map<string, Revision> {
  return new (class extends Map<string, Revision> {
    override set(source: string, revision: Revision): this {
      this.delete(source);
      super.set(source, revision);
      const oldest = this.keys().next();
      if (this.size > REMEMBERED_SOURCES && oldest.done !== true) this.delete(oldest.value);
      return this;
    }
  })();
}

/** Asks twice at most, as a connection may have died while idle, and not for longer than a producer should wait. */
async function persistently(question: () => Promise<KnownIdentities>): Promise<KnownIdentities> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    const error = new LedgerError('store-unavailable', `no answer within ${PATIENCE_MS} ms`);
    timer = setTimeout(reject, PATIENCE_MS, error);
  });
  try {
    return await Promise.race([
      question().catch((error: unknown) => {
        if (error instanceof LedgerError && error.retryable) return question();
        throw error;
      }),
      tooLong,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets so many through at once. When one fails, those that wait fail with it: nobody waits for a store that is gone. */
function turnstile(width: number): { take<Value>(work: () => Promise<Value>): Promise<Value> } {
  let free = width;
  let queue: { readonly enter: () => void; readonly fail: (error: unknown) => void }[] = [];
  return {
    async take(work) {
      if (free > 0) free--;
      else await new Promise<void>((enter, fail) => queue.push({ enter, fail }));
      try {
        return await work();
      } catch (error) {
        const waiting = queue;
        queue = [];
        for (const one of waiting) one.fail(error);
        throw error;
      } finally {
        const next = queue.shift();
        if (next === undefined) free++;
        else next.enter();
      }
    },
  };
}
