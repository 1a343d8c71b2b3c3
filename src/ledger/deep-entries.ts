/**
 * Each entry with the event that the log has of it, or without: what differs, which store differs, and the verdict as the
 * schemas in force give it. The walk (deep-walk.ts) says which belong together.
 */
import { Divergence } from './deep-divergence.js';
import { compare, gives, givesStatedHash, standingOf, type Placed } from './deep-pair.js';
import type { Loss } from './deep-places.js';
import { identityKey, type DeepParts, type KnownEntry } from './deep-stores.js';
import { SourceStarts } from './deep-streams.js';
import { finding, type Difference, type FindingList } from './finding.js';
import { entryName } from './name.js';
import { placeOfRow } from './row.js';
import type { Index, Judgement, Position, RecordedEvent, Revision, StreamEvent } from './types.js';

/** A row whose place can be read. */
export interface Held extends Placed {
  /** the lowest index of its identity (see LedgerPlaces.firsts) */
  readonly first: number | undefined;
  readonly source: string;
  readonly revision: number;
}

export class EntryComparison {
  readonly divergence = new Divergence();
  readonly starts = new SourceStarts();
  readonly #parts: Pick<DeepParts, 'judging' | 'places'>;
  readonly #findings: FindingList;

  constructor(parts: Pick<DeepParts, 'judging' | 'places'>, findings: FindingList) {
    this.#parts = parts;
    this.#findings = findings;
  }

  /** @param revision the event's, as the ledger numbers its source */
  async pair(held: Held, event: RecordedEvent, revision: number): Promise<void> {
    const { entry, index } = held;
    this.starts.meet(held.source, { index, id: held.row.id, revision: held.revision });
    const judgement = this.#parts.judging.judge(event, await this.#isDuplicate(held, event));
    if (entry !== null && gives(event, judgement, entry)) {
      this.divergence.agrees();
      this.#parts.judging.learn(entry);
      return;
    }
    const difference = compare(event, judgement, held, revision);
    if (difference.code === 'log-altered' && event.id !== held.row.id) {
      await this.#anotherEvent(held, event, difference);
    } else {
      this.divergence.agrees();
      this.#report(held, difference);
    }
    this.#learn(held, { event, judgement, revision });
  }

  /** The row's event has another place in the log's order. @param event null: the log does not show it there any more */
  async elsewhere(held: Held, event: StreamEvent | null, revision: number): Promise<void> {
    const { sound, chained } = standingOf(held);
    const ours = sound && chained;
    const detail = ours
      ? "the entry and its chain hold; the log has the entry's event at another place in its order"
      : "the entry does not hold where it stands; its event has another place in the log's order";
    const found = event?.position ?? null;
    this.#report(held, { code: 'event-order', store: ours ? 'log' : 'ledger', found, detail });
    // what else is wrong with an entry that does not hold, its own hashes say
    if (event !== null && ours)
      return this.pair(held, { ...event, position: event.position ?? NOWHERE }, revision);
    this.divergence.agrees();
    this.#learn(held, null);
  }

  async lost(held: Held, why: Loss): Promise<void> {
    const { sound, chained } = standingOf(held);
    if (why.tells === 'beyond-end') this.divergence.differs(held.index);
    else if (why.tells === 'between') this.divergence.agrees();
    this.starts.lose(held.source);
    const { code } = why;
    const said = (store: Difference['store'], detail: string): void =>
      this.#report(held, {
        code,
        ...(store === undefined ? {} : { store }),
        detail: `${why.detail}${detail}`,
      });
    if (code !== 'missing-event') said('log', '');
    else if (sound && chained) said('log', '; the entry and its chain hold, or were written anew with it');
    else if (sound)
      said('ledger', '; what comes after the entry does not name it: it was put into the ledger');
    else said(undefined, '; the entry does not hold either');
    if (sound) await this.#judgeAlone(held);
    this.#learn(held, null);
  }

  /** Whether a row whose columns name another place was made from the event, as its hash or the chain tell. */
  async wasMadeFrom(held: Held, event: RecordedEvent, revision: number): Promise<boolean> {
    const { sound, chained } = standingOf(held);
    if (sound && chained) return false;
    const judgement = this.#parts.judging.judge(event, await this.#isDuplicate(held, event));
    return givesStatedHash(event, judgement, held, revision);
  }

  /** Another event stands at the place of an entry that holds. */
  async #anotherEvent(held: Held, event: RecordedEvent, difference: Difference): Promise<void> {
    const other: KnownEntry | null = await this.#parts.places.byId(event.id);
    if (other === null) {
      this.divergence.differs(held.index);
      this.#report(held, {
        ...difference,
        detail: `another event stands at the entry's place. ${difference.detail ?? ''}`,
      });
      return;
    }
    this.divergence.agrees();
    const detail = `the log has the event of entry ${other.index} at the place of this one's; the entry and its chain hold`;
    this.#report(held, { ...difference, code: 'event-order', detail });
  }

  /** What the log does not show is judged by the bytes that the ledger has of it. */
  async #judgeAlone(held: Held): Promise<void> {
    if (held.entry === null) return;
    const { header, data, metadata } = held.entry;
    const { source, type, revision, id, recordedAt } = header;
    const event = { position: NOWHERE, source, revision, id, type, data, metadata, loggedAt: recordedAt };
    const { verdict, schema } = this.#parts.judging.judge(event, await this.#isDuplicate(held, event));
    if (verdict === header.verdict && schema === header.schema) return;
    const detail = "not what the ledger's own entries give; the ledger was written so";
    const [expected, found] = [
      `${verdict} ${schema ?? ''}`.trim(),
      `${header.verdict} ${header.schema ?? ''}`.trim(),
    ];
    this.#report(held, { code: 'verdict-mismatch', store: 'ledger', expected, found, detail });
  }

  async #isDuplicate(held: Held, event: RecordedEvent): Promise<boolean> {
    const identity = { source: entryName(event.source), id: event.id };
    const key = identityKey(identity);
    const isRows = event.id === held.row.id && identity.source === held.source;
    const first = isRows ? held.first : (await this.#parts.places.firsts([identity])).get(key);
    return first !== undefined && first < held.index;
  }

  /** One altered place is one finding: what follows is judged by what was there before. */
  #learn(held: Held, from: { event: RecordedEvent; judgement: Judgement; revision: number } | null): void {
    const { sound, chained } = standingOf(held);
    if (held.entry !== null && sound && chained) this.#parts.judging.learn(held.entry);
    else if (from !== null) {
      const { event, judgement } = from;
      const { source, type, data } = event;
      const place = { index: held.index as Index, revision: from.revision as Revision };
      this.#parts.judging.learn({ header: { source, type, verdict: judgement.verdict, ...place }, data });
    }
  }

  #report({ row }: Held, difference: Difference): void {
    this.#findings.add(finding(placeOfRow(row), difference));
  }
}

/** Of an event whose stream does not say where it stands in the whole log. */
const NOWHERE = '' as Position;
