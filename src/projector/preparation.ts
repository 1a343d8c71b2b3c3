/**
 * From delivered events to the next batch of the ledger: redeliveries out, verdicts, chain, tree. Looks things up, but
 * changes nothing outside of itself; a preparation whose batch was not committed is thrown away whole.
 */
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { EventLog } from '../event-log/port.js';
import { chainEvents } from '../ledger/chain.js';
import { LedgerError } from '../ledger/error.js';
import { entryName } from '../ledger/name.js';
import { appendLeaves } from '../ledger/tiles.js';
import type { Entry, Head, Index, Instant, JudgedEvent, RecordedEvent, SourceHead } from '../ledger/types.js';
import type { Identity, Leadership, LedgerBatch, LedgerState } from '../read-model/port.js';
import type { CompiledSchemas } from '../schemas/compiled-schemas.js';
import { SchemaRegistry } from '../schemas/registry.js';
import { judgeEvent } from '../schemas/verdict.js';
import type { Alarms } from './alarms.js';
import type { Counting } from './counting.js';
import { diverged, isSameEvent } from './same-log.js';

export interface PreparationParts {
  readonly log: Pick<EventLog, 'comparePositions'>;
  readonly ledger: Leadership;
  readonly alarms: Alarms;
  readonly counting: Pick<Counting, 'redelivered'>;
  readonly now: () => Instant;
  /** shared by preparations that follow each other */
  readonly compiled: CompiledSchemas;
}

/**
 * Events judged and chained in one go, some 150 µs: in between, sockets give and take what they can of the batch that is
 * being committed and of the one that is being read. With 64 both wait for it, and catching up takes a tenth longer.
 */
const AT_ONCE = 8;

/** Source heads that are kept in memory, at most; beyond, all are forgotten and read again. */
const MOST_SOURCES = 50_000;

/** One leadership's view of the ledger's end: what was committed, and what is about to be. */
export class Preparation {
  readonly #parts: PreparationParts;
  readonly #registry: SchemaRegistry;
  #state: LedgerState;
  #sourceHeads = new Map<string, SourceHead>();
  /** the batch prepared last, which may not be committed yet: look-ups in the ledger may miss it */
  #pending: Pending = NOTHING;
  /** the batch before that one: what was looked up ahead may miss it too */
  #before: Pending = NOTHING;

  private constructor(parts: PreparationParts, state: LedgerState, registry: SchemaRegistry) {
    this.#parts = parts;
    this.#state = state;
    this.#registry = registry;
  }

  /** Begins at a state just read, with the schemas that the ledger's entries put in force. */
  static async begin(parts: PreparationParts, state: LedgerState): Promise<Preparation> {
    const registry = new SchemaRegistry(parts.compiled);
    for await (const entry of parts.ledger.registrations()) registry.apply(entry);
    return new Preparation(parts, state, registry);
  }

  /**
   * Which of the events' identities the ledger has. To be asked no earlier than the commit before the one under way is
   * over, and so while the batch before these events is being prepared.
   * @param events in log order
   * @throws LedgerError as the ledger's look-ups
   */
  async lookUp(events: readonly RecordedEvent[]): Promise<Delivered> {
    const { ledger } = this.#parts;
    const recorded = events.length === 0 ? NONE : await ledger.recordedIdentities(events.map(identityOf));
    return { events, recorded };
  }

  /**
   * The next batch, following the one prepared before, whose commit may still be under way.
   * @returns null when there is nothing new
   * @throws LedgerError `log-diverged`, or what the ledger's look-ups throw
   */
  async next({ events: delivered, recorded }: Delivered): Promise<LedgerBatch | null> {
    await this.#loadSourceHeads(delivered);
    const events = await this.#withoutRedeliveries(delivered);
    if (events.length === 0) return null;
    const pending = [this.#pending.identities, this.#before.identities];
    const seen = new Set<string>();
    const isDuplicate = (event: RecordedEvent): boolean => {
      const key = keyOf(identityOf(event));
      const before = seen.size;
      const isNew = seen.add(key).size > before;
      return !isNew || recorded.has(key) || pending.some((identities) => identities.has(key));
    };
    const batch = await this.#chain(events, isDuplicate);
    this.#state = batch.after;
    this.#before = this.#pending;
    this.#pending = { identities: seen, entries: batch.entries, sourceHeads: batch.sourceHeads };
    return batch;
  }

  async #loadSourceHeads(events: readonly RecordedEvent[]): Promise<void> {
    if (this.#sourceHeads.size > MOST_SOURCES) {
      this.#sourceHeads = new Map(this.#pending.sourceHeads.map((head) => [head.source, head]));
    }
    const names = new Set(events.map((event) => entryName(event.source)));
    const missing = [...names].filter((name) => !this.#sourceHeads.has(name));
    if (missing.length === 0) return;
    for (const [name, head] of await this.#parts.ledger.sourceHeads(missing))
      this.#sourceHeads.set(name, head);
  }

  /**
   * An event whose place is in the ledger already is delivered again, or another stands where it stood: the first is
   * dropped, the second means another log.
   */
  async #withoutRedeliveries(delivered: readonly RecordedEvent[]): Promise<readonly RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    const bySource = new Map<string, RecordedEvent[]>();
    let position = this.#state.position;
    for (const event of delivered) {
      const source = entryName(event.source);
      const before = bySource.get(source) ?? [];
      const last = before.at(-1)?.revision ?? this.#sourceHeads.get(source)?.lastRevision ?? -1;
      if (event.revision <= last) {
        const twin = before.find(({ revision }) => revision === event.revision);
        if (twin === undefined) await this.#requireRedelivery(event, source);
        else if (!isTwin(twin, event)) throw another(event, `event ${twin.id} was delivered there before`);
        this.#parts.counting.redelivered();
        continue;
      }
      if (position !== null && this.#parts.log.comparePositions(event.position, position) <= 0) {
        throw another(event, `its position ${event.position} does not come after ${position}`);
      }
      if (event.revision > last + 1) this.#raiseGap(source, last, event);
      position = event.position;
      if (before.push(event) === 1) bySource.set(source, before);
      events.push(event);
    }
    return events;
  }

  async #requireRedelivery(event: RecordedEvent, source: string): Promise<void> {
    const isThere = ({ header }: Entry): boolean =>
      header.source === source && header.revision === event.revision;
    const entry =
      this.#pending.entries.find(isThere) ?? (await this.#parts.ledger.entryAt(source, event.revision));
    if (entry === null)
      throw another(event, 'the ledger has later revisions of its source, but not this one');
    if (!isSameEvent(entry, event)) throw diverged(entry, `the log delivered event ${event.id} there`);
  }

  #raiseGap(source: string, last: number, event: RecordedEvent): void {
    this.#parts.alarms.raise({
      code: 'revision-gap',
      source,
      // one for each source: verification names them all
      place: '',
      since: this.#parts.now(),
      detail: `revisions ${last + 1} to ${event.revision - 1} never reached the ledger: the stream was truncated before`,
    });
  }

  async #chain(
    events: readonly RecordedEvent[],
    isDuplicate: (event: RecordedEvent) => boolean,
  ): Promise<LedgerBatch> {
    const before = this.#state;
    const entries: Entry[] = [];
    const moved = new Map<string, SourceHead>();
    let head: Head = before.head;
    for (let at = 0; at < events.length; at += AT_ONCE) {
      if (at > 0) await yieldToOthers();
      const size = head.size;
      const judged = events
        .slice(at, at + AT_ONCE)
        .map((event, i) => this.#judge(event, isDuplicate(event), (size + i) as Index));
      const chained = chainEvents({ head, sourceHeads: this.#sourceHeads, judged });
      for (const entry of chained.entries) entries.push(entry);
      for (const [name, sourceHead] of chained.sourceHeads) {
        moved.set(name, sourceHead);
        this.#sourceHeads.set(name, sourceHead);
      }
      head = chained.head;
    }
    const { tree, tiles } = appendLeaves(
      before.tree,
      entries.map((entry) => entry.hash),
    );
    const position = events.at(-1)?.position ?? null;
    return { before, after: { head, position, tree }, entries, sourceHeads: [...moved.values()], tiles };
  }

  /** A registration governs the events after it, those of the same batch included. */
  #judge(event: RecordedEvent, duplicate: boolean, index: Index): JudgedEvent {
    const judgement = judgeEvent(event, { duplicate, registry: this.#registry });
    const { source, type, revision, data } = event;
    const { verdict } = judgement;
    this.#registry.apply({ header: { source, type, revision, verdict, index }, data });
    return { event, judgement };
  }
}

/** Delivered events, and which of their identities the ledger has: `source NUL id`. */
export interface Delivered {
  readonly events: readonly RecordedEvent[];
  readonly recorded: ReadonlySet<string>;
}

interface Pending {
  readonly identities: ReadonlySet<string>;
  readonly entries: readonly Entry[];
  readonly sourceHeads: readonly SourceHead[];
}

const NONE: ReadonlySet<string> = new Set();
const NOTHING: Pending = { identities: NONE, entries: [], sourceHeads: [] };

function identityOf(event: RecordedEvent): Identity {
  return { source: entryName(event.source), id: event.id };
}

function keyOf({ source, id }: Identity): string {
  return `${source}\u0000${id}`;
}

function isTwin(a: RecordedEvent, b: RecordedEvent): boolean {
  return a.id === b.id && a.data.equals(b.data) && a.metadata.equals(b.metadata);
}

function another(event: RecordedEvent, difference: string): LedgerError {
  return new LedgerError(
    'log-diverged',
    `event ${event.id} at revision ${event.revision} of source ${JSON.stringify(event.source.slice(0, 200))} cannot follow: ` +
      `${difference}. The log was replaced or rewound; nothing was written.`,
  );
}
