/** Which identities stand in one source's stream: remembered for its newest events, read where they are not. */
import { LedgerError } from '../../ledger/error.js';
import type { EventId, Revision, StreamEvent } from '../../ledger/types.js';
import type { StreamReader } from './reading.js';
import { NEWEST, RecentIdentities } from './recent-identities.js';

/** What must be looked through, at least. */
export interface Search {
  /** everything from this revision on: no identity there may go unseen */
  readonly since: number | null;
  /** the newest 10,000 events, as far as the server shows them */
  readonly newest: boolean;
}

export interface Found {
  /** where each id stands */
  readonly places: ReadonlyMap<EventId, Standing>;
  /** the highest revision whose identity the server does not show; −1 when it shows them all */
  readonly lastHidden: number;
}

export interface Standing {
  readonly revision: Revision;
  /** whether the server shows the event */
  readonly shown: boolean;
}

/** So many are read at once, and kept whatever comes after. */
const STEP = 10_000;
/** A source whose ledger is further behind has to wait for it: so much memory one stream may take. */
const MOST = 1_000_000;
/** Events that are not asked for are read along, rather than asking once more. */
const GAP = 20;

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
   * Where the events with these ids stand, at or above a revision (some lower ones, perhaps, as well), of a stream that ends with
   * `head`.
   * @param wanted whether somebody still waits for it
   * @throws LedgerError `log-unavailable`
   */
  async find(
    ids: ReadonlySet<EventId>,
    { since, newest }: Search,
    head: number,
    wanted: () => boolean,
  ): Promise<Found> {
    const from = Math.min(since ?? Infinity, newest ? Math.max(0, head + 1 - NEWEST) : Infinity, head + 1);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await this.#cover(from, head + 1, wanted);
      const places = new Map<number, EventId>();
      for (const id of ids) {
        const revision = this.#recent.revisionOf(id);
        if (revision !== undefined) places.set(revision, id);
      }
      const standing = await this.#confirm(places);
      if (standing !== null) return { places: standing, lastHidden: this.#recent.lastHidden };
      this.#recent.reset(head + 1);
    }
    throw new LedgerError('log-unavailable', 'EventStoreDB shows another stream each time that it is read');
  }

  /** What the server shows of from ≤ revision < to. */
  async *shown(from: number, to: number): AsyncGenerator<StreamEvent, void, undefined> {
    const options = { from: from as Revision, limit: to - from };
    for await (const event of this.#reader.source(this.#source, options)) {
      if (event.revision >= to) return;
      yield event;
    }
  }

  /** @returns null when another event stands at one of the places: this is not the stream that it was */
  async #confirm(places: ReadonlyMap<number, EventId>): Promise<ReadonlyMap<EventId, Standing> | null> {
    const standing = new Map<EventId, Standing>();
    for (const [revision, id] of places) standing.set(id, { revision: revision as Revision, shown: false });
    for (const [from, to] of runsOf([...places.keys()])) {
      for await (const { id, revision } of this.shown(from, to)) {
        const expected = places.get(revision);
        if (expected === undefined) continue;
        if (id !== expected) return null;
        standing.set(id, { revision, shown: true });
      }
    }
    return standing;
  }

  /** Remember every identity of from ≤ revision < to, and of what stands between it and what is remembered. */
  async #cover(from: number, to: number, wanted: () => boolean): Promise<void> {
    const recent = this.#recent;
    if (to - from > MOST) {
      throw new LedgerError(
        'log-unavailable',
        `the ledger is ${to - from} events behind in source ${JSON.stringify(this.#source.slice(0, 200))}: ids cannot be ` +
          'looked for before it comes nearer',
      );
    }
    // the stream is shorter than it was: another log; or so much longer that what is remembered is of no use
    if (recent.size === 0 || recent.to > to || to - recent.to > NEWEST) recent.reset(to);
    if (recent.to < to) await this.#continue(from, to);
    while (recent.from > from) {
      if (!wanted()) throw new LedgerError('log-unavailable', 'nobody waits for it any more');
      recent.prepend(await this.#read(Math.max(from, recent.from - STEP), recent.from));
    }
  }

  /** Read what follows the window, and whether it follows what is remembered. */
  async #continue(from: number, to: number): Promise<void> {
    const recent = this.#recent;
    const last = recent.to - 1;
    const [found = null, ...ids] = await this.#read(last, to);
    const known = recent.idAt(last);
    if (found !== null && known !== null && found !== known) recent.reset(to);
    else recent.append(ids, from);
  }

  async #read(from: number, to: number): Promise<readonly (EventId | null)[]> {
    const ids = new Array<EventId | null>(to - from).fill(null);
    for await (const { id, revision } of this.shown(from, to)) ids[revision - from] = id;
    return ids;
  }
}

/** Ranges, half-open, that together hold all the revisions. */
function runsOf(revisions: readonly number[]): readonly (readonly [from: number, to: number])[] {
  const runs: [number, number][] = [];
  for (const revision of revisions.toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && revision - run[1] <= GAP) run[1] = revision + 1;
    else runs.push([revision, revision + 1]);
  }
  return runs;
}
