/**
 * Why the log does not have an event at a place. What is learnt of a stream is kept, so that a stream that was truncated
 * or ends early costs a few questions, however many of its events are gone; memory grows with the number of sources.
 */
import type { Difference } from './finding.js';
import type { LogView } from './deep-stores.js';
import type { Revision, StreamEvent } from './types.js';

export type Found =
  { readonly status: 'found'; readonly event: StreamEvent } | { readonly status: 'lost'; readonly why: Loss };

export interface Loss {
  readonly code: Difference['code'];
  readonly detail: string;
  /** what it tells of the log as a whole: other events or none from there on; events of ours on both sides; nothing */
  readonly tells: 'beyond-end' | 'between' | 'nothing';
}

interface Known {
  /** everything before this revision is hidden */
  readonly hiddenBefore: number;
  readonly hidden: Loss;
  /** the stream's last revision, −1 for none; Infinity while it is not known */
  readonly last: number;
}

const TRUNCATED: Loss = {
  code: 'log-truncated',
  detail:
    'the log no longer shows the event: its stream is truncated ($tb, $maxAge, $maxCount), perhaps scavenged',
  tells: 'nothing',
};
const DELETED: Loss = {
  code: 'log-deleted',
  detail: 'the log no longer shows the event: it was deleted',
  tells: 'nothing',
};
const REMOVED: Loss = {
  code: 'missing-event',
  detail: 'the log has events before and after it in its stream, and nothing there: it was removed',
  tells: 'between',
};
const NO_NAME: Loss = {
  code: 'missing-event',
  detail:
    'the log delivered no such event, and its stream, whose name the entry holds as a hash, cannot be asked for',
  tells: 'nothing',
};

const NOTHING_KNOWN: Known = { hiddenBefore: 0, hidden: TRUNCATED, last: Infinity };

export class LogPlaces {
  readonly #log: LogView;
  readonly #known = new Map<string, Known>();
  /** names that stand in entries as hashes */
  readonly #names = new Map<string, string>();

  constructor(log: LogView) {
    this.#log = log;
  }

  /** A source's name in the log, where it is another than in the ledger. */
  learnName(entryName: string, name: string): void {
    if (entryName !== name) this.#names.set(entryName, name);
  }

  /** @param source as entries have it */
  async find(source: string, revision: number): Promise<Found> {
    const name = this.#names.get(source) ?? source;
    if (name.startsWith('~')) return { status: 'lost', why: NO_NAME };
    const known = this.#known.get(source) ?? NOTHING_KNOWN;
    if (revision < known.hiddenBefore) return { status: 'lost', why: known.hidden };
    if (revision > known.last) return { status: 'lost', why: beyond(known.last) };
    const place = await this.#log.lookUp(name, revision as Revision);
    if (place.status === 'found') return place;
    if (place.status === 'absent') {
      const last = place.lastRevision ?? -1;
      this.#known.set(source, { ...known, last });
      return { status: 'lost', why: beyond(last) };
    }
    const first = await this.#log.firstShown(name);
    if (first !== null && first < revision) return { status: 'lost', why: REMOVED };
    const hidden = place.reason === 'deleted' ? DELETED : TRUNCATED;
    this.#known.set(source, { ...known, hiddenBefore: first ?? Infinity, hidden });
    return { status: 'lost', why: hidden };
  }

  /**
   * Whether a stream hides what the ledger has of it from this revision on, also where $all still shows it.
   * @returns null when it shows it
   */
  async hiding(source: string, revision: number): Promise<{ first: Revision | null; why: Loss } | null> {
    const name = this.#names.get(source) ?? source;
    if (name.startsWith('~')) return null;
    const first = await this.#log.firstShown(name);
    if (first !== null && first <= revision) return null;
    const place = await this.#log.lookUp(name, revision as Revision);
    if (place.status !== 'hidden') return null;
    return { first, why: place.reason === 'deleted' ? DELETED : TRUNCATED };
  }
}

function beyond(last: number): Loss {
  const end = last < 0 ? 'the log has no such stream' : `its stream ends with revision ${last}`;
  return { code: 'missing-event', detail: `the log does not have the event: ${end}`, tells: 'beyond-end' };
}
