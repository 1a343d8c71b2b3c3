/**
 * One pass over the ledger's rows and the log's events side by side. Both are in the log's order, so that normally the
 * next of the one is the next of the other; where they are not, each store is asked for what the other shows, and the pass
 * goes on with the one that lags. What is kept grows with the number of sources, not with that of entries.
 */
import { Apart } from './deep-apart.js';
import { EntryComparison, type Held } from './deep-entries.js';
import { eventAgain, eventWithoutEntry, headPositionDifference } from './deep-events.js';
import { EventFeed } from './deep-feed.js';
import { LogPlaces, type Found, type Loss } from './deep-places.js';
import { Renumbering } from './deep-renumbering.js';
import type { DeepParts, KnownEntry } from './deep-stores.js';
import type { Finding, FindingList } from './finding.js';
import { isCount, isHash } from './header-form.js';
import { entryName } from './name.js';
import { readCount, readEntryRow, type EntryRow } from './row.js';
import type { Hash, Head, RecordedEvent } from './types.js';

/** A row with what is known of it. */
export interface KnownRow {
  readonly row: EntryRow;
  /** the lowest index of its identity (see LedgerPlaces.firsts) */
  readonly first: number | undefined;
}

/** Rows between two turns of others. */
const AT_ONCE = 256;

const TAKEN_OUT: Loss = {
  code: 'missing-event',
  detail:
    'the log does not have the event, and the later events of its stream have moved up: it was taken out',
  tells: 'between',
};

export class DeepWalk {
  /** entries that were compared with the log */
  compared = 0;
  /** after the end: that the log is another one, which tells more than all that was found of single entries */
  replaced: Finding | null = null;
  readonly #parts: DeepParts;
  readonly #head: Head;
  readonly #findings: FindingList;
  readonly #feed: EventFeed;
  readonly #log: LogPlaces;
  readonly #renumbering: Renumbering;
  readonly #entries: EntryComparison;
  readonly #apart = new Apart();
  readonly #lastInSource = new Map<string, Hash>();
  /** the row that waits for the next one, which names its hash */
  #waiting: KnownRow | null = null;
  #last: { readonly index: number; readonly hash: Hash } | null = null;
  /** the index after the last row */
  #next = 0;
  /** where the event at the front stands in the ledger */
  #known: { readonly event: RecordedEvent; readonly entry: KnownEntry | null } | null = null;

  /** @param head of the snapshot that the rows are of */
  constructor(parts: DeepParts, head: Head, findings: FindingList) {
    this.#parts = parts;
    this.#head = head;
    this.#findings = findings;
    this.#feed = new EventFeed(parts.log.events());
    this.#log = new LogPlaces(parts.log);
    this.#renumbering = new Renumbering(parts.places, this.#log);
    this.#entries = new EntryComparison(parts, findings);
  }

  /** Nothing agrees any more: the rest is not compared. */
  get hopeless(): boolean {
    return this.#entries.divergence.hopeless;
  }

  /** Take the next row; the one before is compared, as now is known how it is named. */
  async take(known: KnownRow): Promise<void> {
    const before = this.#waiting;
    this.#waiting = known;
    if (before === null) return;
    const index = readCount(before.row.index);
    const follows = index !== null && readCount(known.row.index) === index + 1;
    await this.#row(before, follows ? known.row.previous : null);
  }

  /** After the last row. */
  async end(): Promise<void> {
    const last = this.#waiting;
    this.#waiting = null;
    const { size, hash } = this.#head;
    if (last !== null) await this.#row(last, readCount(last.row.index) === size - 1 ? hash : null);
    if (this.#parts.end !== null && !this.hopeless) await this.#restOfLog();
    const { divergence, starts } = this.#entries;
    this.replaced = divergence.finding();
    if (this.replaced === null) await starts.check(this.#log, this.#findings);
  }

  close(): Promise<void> {
    return this.#feed.close();
  }

  async #row({ row, first }: KnownRow, named: string | null): Promise<void> {
    if (this.hopeless) return;
    if (this.compared % AT_ONCE === AT_ONCE - 1) await this.#parts.pause();
    const index = readCount(row.index);
    if (index === null) return;
    const { source, hash } = row;
    const revision = readCount(row.revision);
    if (source !== null && revision !== null) {
      const read = readEntryRow(row);
      const entry = read.ok ? read.entry : null;
      const before = this.#last?.index === index - 1 ? this.#last.hash : undefined;
      const beforeInSource = this.#lastInSource.get(source) ?? null;
      this.compared++;
      await this.#align({ row, first, index, entry, before, beforeInSource, named, source, revision });
      if (isHash(hash)) this.#lastInSource.set(source, hash);
    }
    if (isHash(hash)) this.#last = { index, hash };
    this.#next = index + 1;
  }

  /** Find the row's event: the next one, if nothing is wrong. */
  async #align(held: Held): Promise<void> {
    if (this.#apart.settle(held.source, held.revision)) {
      const found = await this.#find(held);
      return this.#elsewhere(held, found);
    }
    for (;;) {
      const event = await this.#feed.front();
      if (event === null) return this.#withoutEvent(held);
      if (this.hopeless) {
        this.#entries.divergence.differs(held.index);
        return;
      }
      const source = this.#sourceOf(event);
      const revision = this.#renumbering.revisionOf(event, source);
      if (source === held.source && revision === held.revision) {
        const step = event.id === held.row.id ? 'at-place' : await this.#renumbering.step(idOf(held), event);
        if (step === 'gone') return this.#entries.lost(held, TAKEN_OUT);
        this.#feed.advance();
        if (step === 'at-place') return this.#pair(held, event, revision);
        this.#unexpected(event, held.index);
        continue;
      }
      const known = await this.#entryOf(event, source);
      if (known === null) {
        const beforeInSource = this.#lastInSource.get(source) ?? null;
        const moved = await this.#entries.wasMadeFrom({ ...held, beforeInSource }, event, revision);
        this.#feed.advance();
        if (moved) return this.#pair({ ...held, beforeInSource }, event, revision);
        this.#unexpected(event, held.index);
      } else if (known.index < held.index) {
        this.#feed.advance();
        this.#passed(event, source, known);
      } else if (known.index >= this.#head.size) {
        return this.#withoutEvent(held);
      } else {
        return this.#outOfStep(held, event, source);
      }
    }
  }

  async #pair(held: Held, event: RecordedEvent, revision: number): Promise<void> {
    const difference = headPositionDifference(this.#parts.head, held.index, event);
    if (difference !== null) this.#findings.add(difference);
    await this.#entries.pair(held, event, revision);
  }

  /** The event at the front has its entry further on: has the row its event further on, too? */
  async #outOfStep(held: Held, event: RecordedEvent, source: string): Promise<void> {
    const found = await this.#find(held);
    if (found.status === 'lost') return this.#entries.lost(held, found.why);
    const { position } = found.event;
    const passed = position !== null && this.#parts.log.comparePositions(position, event.position) < 0;
    if (!passed) {
      this.#apart.add(source, this.#renumbering.revisionOf(event, source));
      this.#apart.add(held.source, held.revision);
      this.#feed.advance();
    }
    return this.#elsewhere(held, found);
  }

  /** The log's order has no event left that could be the row's. */
  async #withoutEvent(held: Held): Promise<void> {
    const found = await this.#find(held);
    if (found.status === 'lost') return this.#entries.lost(held, found.why);
    const { end, log } = this.#parts;
    const { position } = found.event;
    if (end === null || position === null || log.comparePositions(position, end) <= 0) {
      return this.#elsewhere(held, found);
    }
    // the log was read to a place that the head states, and it states one before its own entries
    await this.#pair(held, { ...found.event, position }, held.revision);
  }

  async #elsewhere(held: Held, found: Found): Promise<void> {
    const event = found.status === 'found' ? found.event : null;
    await this.#entries.elsewhere(held, event, held.revision);
  }

  /** The row's event as its stream shows it. */
  async #find(held: Held): Promise<Found> {
    const { source, revision } = held;
    const found = await this.#log.find(source, this.#renumbering.inLog(source, revision));
    if (found.status === 'lost' || found.event.id === held.row.id) return found;
    const step = await this.#renumbering.step(idOf(held), found.event);
    if (step === 'gone') return { status: 'lost', why: TAKEN_OUT };
    return step === 'extra' ? this.#find(held) : found;
  }

  /** Events after the last row's, up to the head's position. */
  async #restOfLog(): Promise<void> {
    const { size } = this.#head;
    for (let event = await this.#feed.front(); event !== null; event = await this.#feed.front()) {
      const source = this.#sourceOf(event);
      const known = await this.#entryOf(event, source);
      if (known !== null && known.index >= size) return;
      this.#feed.advance();
      if (known === null) this.#unexpected(event, size);
      else this.#passed(event, source, known);
      if (this.hopeless) return;
    }
  }

  /** The event's entry was compared already: out of order, which was said, or something is there twice. */
  #passed(event: RecordedEvent, source: string, { index }: KnownEntry): void {
    const revision = this.#renumbering.revisionOf(event, source);
    if (!this.#apart.settle(source, revision)) this.#findings.add(eventAgain(event, index));
  }

  #unexpected(event: RecordedEvent, before: number): void {
    this.#entries.divergence.stranger();
    const missing = this.#next < before ? this.#next++ : null;
    this.#findings.add(eventWithoutEntry(event, missing));
  }

  async #entryOf(event: RecordedEvent, source: string): Promise<KnownEntry | null> {
    if (this.#known?.event !== event) {
      const revision = this.#renumbering.revisionOf(event, source);
      this.#known = {
        event,
        entry: isCount(revision) ? await this.#parts.places.at(source, revision) : null,
      };
    }
    return this.#known.entry;
  }

  /** The event's source as entries have it. */
  #sourceOf(event: RecordedEvent): string {
    const source = entryName(event.source);
    this.#log.learnName(source, event.source);
    return source;
  }
}

function idOf({ source, revision, row }: Held): { source: string; revision: number; id: string } {
  return { source, revision, id: row.id ?? '' };
}
