/**
 * What deep verification asks of the two stores, besides the rows that full verification reads. Small enough that a
 * test holds both in arrays; every answer is read anew, and nothing of it is believed beyond what it is asked for.
 */
import type { Finding } from './finding.js';
import type { IndexRange } from './range.js';
import type { EntryRow } from './row.js';
import type {
  Entry,
  EventId,
  Header,
  Judgement,
  Position,
  RecordedEvent,
  Revision,
  StreamEvent,
} from './types.js';

/** The event log, up to the position that the ledger's head states. */
export interface LogView {
  /** Every event in log order, each once, in arrays of bounded bytes. Leaving the loop ends it. */
  events(): AsyncIterable<readonly RecordedEvent[]>;
  /** The event at one place of a stream, as streams show it. */
  lookUp(source: string, revision: Revision): Promise<LogPlace>;
  /** The lowest revision that a source's stream shows; null when it shows none. */
  firstShown(source: string): Promise<Revision | null>;
  /** Negative, zero or positive as `a` stands before, at or after `b`. */
  comparePositions(a: Position, b: Position): number;
}

export type LogPlace =
  | { readonly status: 'found'; readonly event: StreamEvent }
  /** beyond the stream's end (null: there is no such stream) */
  | { readonly status: 'absent'; readonly lastRevision: Revision | null }
  | { readonly status: 'hidden'; readonly reason: 'truncated' | 'deleted' };

/** The ledger as its indexes answer, which is how duplicates are known in memory that does not grow. */
export interface LedgerPlaces {
  /** The entry at this place of a source, whatever its row holds; null when there is none. */
  at(source: string, revision: number): Promise<KnownEntry | null>;
  /** The first entry of any source with this id. */
  byId(id: EventId): Promise<KnownEntry | null>;
  /** For each identity the lowest index of an entry that is no duplicate; as `source NUL id`. What has none is left out. */
  firsts(identities: readonly EntryIdentity[]): Promise<ReadonlyMap<string, number>>;
}

export interface KnownEntry {
  readonly index: number;
  readonly id: string;
}

export interface EntryIdentity {
  readonly source: string;
  readonly id: string;
}

/** Verdicts as the projector gives them, from the schemas that were in force. */
export interface Judging {
  /** What is said of an event right after everything that was learnt. */
  judge(event: RecordedEvent, duplicate: boolean): Judgement;
  /** Take an entry into account: a registration governs what comes after it. */
  learn(entry: Learnt): void;
}

export type Learnt = Pick<Entry, 'data'> & {
  readonly header: Pick<Header, 'source' | 'type' | 'verdict' | 'index' | 'revision'>;
};

/** The payload index, compared with what the rows give. */
export interface PayloadIndexCheck {
  /** Take the next rows of the ledger. */
  rows(rows: readonly EntryRow[]): Promise<readonly IndexDifference[]>;
}

export interface IndexDifference {
  readonly finding: Finding;
  /** the entries that the part of the index is of: an altered one among them explains it */
  readonly range: IndexRange;
}

/** Where the ledger ended just before and just after its snapshot was taken. */
export interface HeadPlace {
  /** NaN: the head states none */
  readonly size: number;
  /** the place in the log of the last entry's event; null: none is stated */
  readonly position: Position | null;
}

export interface DeepParts {
  /** up to `end`, or to the log's end */
  readonly log: LogView;
  /** the position that the head stated after the snapshot was taken; null: none, or none of this log */
  readonly end: Position | null;
  readonly places: LedgerPlaces;
  readonly judging: Judging;
  readonly payloadIndex: PayloadIndexCheck;
  /** as it was read before the snapshot */
  readonly head: HeadPlace;
  /** called now and then: lets others have their turn */
  readonly pause: () => Promise<void>;
}

export function identityKey({ source, id }: EntryIdentity): string {
  return `${source}\0${id}`;
}
