/**
 * Streams whose later revisions are others than in the ledger, because an event was put into the stream or taken out of
 * it and the rest moved: one event too many or too few is then one finding, not one for each event after it.
 */
import type { LogPlaces } from './deep-places.js';
import type { LedgerPlaces } from './deep-stores.js';
import type { RecordedEvent } from './types.js';

/** So many events next to each other that were put in or taken out are recognised. */
const FAR = 8;

/** The event at an entry's place is another than the entry's. */
export type Step =
  /** nothing moved: whatever stands there, stands at the entry's place */
  | 'at-place'
  /** the event was put in before the entry's */
  | 'extra'
  /** the entry's event was taken out, and the event is a later entry's */
  | 'gone';

export class Renumbering {
  readonly #places: Pick<LedgerPlaces, 'at'>;
  readonly #log: Pick<LogPlaces, 'find'>;
  /** by how much the log's revisions are greater, of sources where they are others */
  readonly #shifts = new Map<string, number>();

  constructor(places: Pick<LedgerPlaces, 'at'>, log: Pick<LogPlaces, 'find'>) {
    this.#places = places;
    this.#log = log;
  }

  /** The revision that an event has in the ledger. @param source as entries have it */
  revisionOf(event: Pick<RecordedEvent, 'revision'>, source: string): number {
    return event.revision - (this.#shifts.get(source) ?? 0);
  }

  /** The revision that an entry's event has in the log. */
  inLog(source: string, revision: number): number {
    return revision + (this.#shifts.get(source) ?? 0);
  }

  /** What it means that another event stands at an entry's place. What moved is reckoned with from then on. */
  async step(
    entry: { readonly source: string; readonly revision: number; readonly id: string },
    event: Pick<RecordedEvent, 'id'>,
  ): Promise<Step> {
    const { source, revision, id } = entry;
    for (let far = 1; far <= FAR; far++) {
      const later = await this.#log.find(source, this.inLog(source, revision) + far);
      const isEntrys = later.status === 'found' && later.event.id === id;
      const isLaterEntrys = (await this.#places.at(source, revision + far))?.id === event.id;
      // each at the other's place: the two were exchanged
      if (isEntrys && isLaterEntrys) return 'at-place';
      if (isEntrys) return this.#move(source, 1);
      if (isLaterEntrys) return this.#move(source, -1);
    }
    return 'at-place';
  }

  #move(source: string, by: 1 | -1): Step {
    this.#shifts.set(source, (this.#shifts.get(source) ?? 0) + by);
    return by > 0 ? 'extra' : 'gone';
  }
}
