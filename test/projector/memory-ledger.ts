/** A ledger in memory whose faults are switched on by hand: commits that fail, and commits whose answer is lost. */
import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { LedgerError } from '../../src/ledger/error.js';
import { EMPTY_TREE } from '../../src/ledger/tiles.js';
import { NO_HASH, type Entry, type SourceHead } from '../../src/ledger/types.js';
import type { Alarm, Leadership, LedgerBatch, LedgerState, LedgerWriter } from '../../src/read-model/port.js';

export type CommitFault = 'not-written' | 'reply-lost' | 'session-lost' | 'hangs';

export class MemoryLedger implements Pick<LedgerWriter, 'lead'> {
  state: LedgerState = { head: { size: 0, hash: NO_HASH }, position: null, tree: EMPTY_TREE };
  entries: Entry[] = [];
  readonly batches: LedgerBatch[] = [];
  /** as kept, in that order */
  readonly alarms: Alarm[] = [];
  /** rejections of the next attempts to keep alarms */
  readonly alarmFaults: LedgerError[] = [];
  /** what goes wrong with the next commits, one each */
  readonly faults: (CommitFault | null)[] = [];
  /** rejections of the next attempts to lead */
  readonly refusals: LedgerError[] = [];
  /** rejections of the next look-ups of identities */
  readonly lookUpFaults: LedgerError[] = [];
  /** batches with more entries are refused */
  capacity = Infinity;
  /** how long a commit takes, at least */
  commitMs = 0;
  /** somebody else leads */
  taken = false;
  leads = 0;
  indexed = 0;
  readonly #sourceHeads = new Map<string, SourceHead>();
  readonly #given = new EventEmitter();
  #lost = new AbortController();

  async lead(signal: AbortSignal, taken?: () => void): Promise<Leadership | null> {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) throw refusal;
    if (this.taken) {
      taken?.();
      await once(this.#given, 'given', { signal }).catch(() => undefined);
      if (signal.aborted) return null;
    }
    this.leads += 1;
    this.#lost = new AbortController();
    const lost = this.#lost;
    const entries = this.entries;
    return {
      lost: lost.signal,
      state: () => Promise.resolve(this.state),
      sourceHeads: (sources) => Promise.resolve(this.#headsOf(sources)),
      recordedIdentities: (identities) => {
        const fault = this.lookUpFaults.shift();
        if (fault !== undefined) return Promise.reject(fault);
        const recorded = new Set(entries.map(({ header }) => `${header.source}\0${header.id}`));
        const keys = identities.map(({ source, id }) => `${source}\0${id}`);
        return Promise.resolve(new Set(keys.filter((key) => recorded.has(key))));
      },
      entryAt: (source, revision) => {
        const at = ({ header }: Entry): boolean => header.source === source && header.revision === revision;
        return Promise.resolve(entries.find(at) ?? null);
      },
      entry: (index) => Promise.resolve(entries[index] ?? null),
      registrations: async function* () {
        await Promise.resolve();
        yield* entries.filter(({ header }) => header.source === '_schemas' && header.verdict === 'accepted');
      },
      commit: (batch) => this.#commit(batch, lost),
      keepAlarms: (alarms) => {
        const fault = this.alarmFaults.shift();
        return fault === undefined ? Promise.resolve(this.#keep(alarms)) : Promise.reject(fault);
      },
      indexPayloads: () => {
        this.indexed += 1;
        return Promise.resolve(false);
      },
      release: () => Promise.resolve(),
    };
  }

  /** Nobody else leads any more. */
  give(): void {
    this.taken = false;
    this.#given.emit('given');
  }

  /** What the server does with a session that hangs. */
  loseSession(): void {
    this.#lost.abort();
  }

  #headsOf(sources: readonly string[]): ReadonlyMap<string, SourceHead> {
    const known = sources.flatMap((source) => {
      const head = this.#sourceHeads.get(source);
      return head === undefined ? [] : [[source, head] as const];
    });
    return new Map(known);
  }

  #keep(alarms: readonly Alarm[]): readonly Alarm[] {
    const causeOf = ({ code, source, place }: Alarm): string => `${code} ${source} ${place}`;
    const kept = new Set(this.alarms.map(causeOf));
    const fresh = alarms.filter((alarm) => !kept.has(causeOf(alarm)));
    this.alarms.push(...fresh);
    return fresh;
  }

  async #commit(batch: LedgerBatch, lost: AbortController): Promise<void> {
    const fault = this.faults.shift() ?? null;
    if (fault === 'hangs') await new Promise(() => undefined);
    if (this.commitMs > 0) await delay(this.commitMs);
    await new Promise(setImmediate);
    const unavailable = new LedgerError('store-unavailable', 'the connection to the database broke');
    if (fault === 'not-written' || batch.entries.length > this.capacity) throw unavailable;
    if (fault === 'session-lost') {
      lost.abort();
      throw unavailable;
    }
    const { before, after } = batch;
    if (before.head.size !== this.state.head.size || before.position !== this.state.position) {
      throw new LedgerError('fenced', 'the head has moved');
    }
    this.batches.push(batch);
    this.entries.push(...batch.entries);
    for (const head of batch.sourceHeads) this.#sourceHeads.set(head.source, head);
    this.state = after;
    if (fault === 'reply-lost') throw unavailable;
  }
}
