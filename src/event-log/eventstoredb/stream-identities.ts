/** Which identities stand in one source's stream: remembered for its newest events, read where they are not. */
import type { EventId, Revision, StreamEvent } from '../../ledger/types.js';
import { hiddenFrom, type StreamReader } from './reading.js';
import { NEWEST, RecentIdentities } from './recent-identities.js';

/** What must be looked through, at least. */
export interface Search {
  /** everything from this revision on: no identity there may go unseen */
  readonly since: number | null;
  /** the newest 10,000 events, as far as the server shows them */
  readonly newest: boolean;
}

export class StreamIdentities {
  readonly #source: string;
  readonly #reader: Pick<StreamReader, 'source'>;
  readonly #recent = new RecentIdentities();

  constructor(source: string, reader: Pick<StreamReader, 'source'>) {
    this.#source = source;
    this.#reader = reader;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#recent.size;
  }

  /** These were just written, as the stream's last. */
  wrote(ids: readonly EventId[], lastRevision: number, { since, newest }: Search): void {
    const first = lastRevision - ids.length + 1;
    if (this.#recent.to !== first) this.#recent.reset(first);
    this.#recent.append(ids, Math.min(since ?? Infinity, newest ? lastRevision + 1 - NEWEST : Infinity));
  }

  /**
   * The events with these ids at or above a revision (some lower ones, perhaps, as well), of a stream that ends with
   * `head`.
   * @throws LedgerError `log-unavailable` when the server hides some of what must be looked through
   */
  async find(
    ids: ReadonlySet<EventId>,
    { since, newest }: Search,
    head: number,
  ): Promise<ReadonlyMap<EventId, StreamEvent>> {
    const from = Math.min(since ?? Infinity, newest ? Math.max(0, head + 1 - NEWEST) : Infinity, head + 1);
    await this.#cover(from, head + 1);
    if (since !== null && this.#recent.hides(since)) throw hiddenFrom(this.#source, since, head);
    const found = new Map<EventId, StreamEvent>();
    for (const id of ids) {
      const revision = this.#recent.revisionOf(id);
      if (revision === undefined) continue;
      const event = await this.eventAt(revision);
      if (event === null) throw hiddenFrom(this.#source, revision, revision);
      found.set(id, event);
    }
    return found;
  }

  async eventAt(revision: number): Promise<StreamEvent | null> {
    for await (const event of this.#reader.source(this.#source, { from: revision as Revision, limit: 1 })) {
      return event.revision === revision ? event : null;
    }
    return null;
  }

  /** Remember every identity of from ≤ revision < to, and of what stands between it and what is remembered. */
  async #cover(from: number, to: number): Promise<void> {
    const recent = this.#recent;
    const far = to - recent.to > NEWEST;
    // the stream is shorter than it was: another log
    if (recent.size === 0 || far || recent.to > to) recent.reset(to);
    if (recent.to < to) recent.append(await this.#read(recent.to, to), from);
    if (recent.from > from) recent.prepend(await this.#read(from, recent.from));
  }

  async #read(from: number, to: number): Promise<readonly (EventId | null)[]> {
    const ids = new Array<EventId | null>(to - from).fill(null);
    const options = { from: from as Revision, limit: to - from };
    for await (const event of this.#reader.source(this.#source, options)) {
      if (event.revision >= to) break;
      ids[event.revision - from] = event.id;
    }
    return ids;
  }
}
