/**
 * The read model: the ledger in PostgreSQL. Two ports, because two logins stand behind them: the writer is the
 * projector's, the reader is everybody else's, and neither can UPDATE, DELETE or TRUNCATE an entry.
 *
 * All methods reject with a LedgerError: `store-unavailable` (try again), `fenced`, `schema-version`,
 * `access-denied`, `too-slow`, `internal`. Every statement has a time limit.
 */
import type { HeadPlace, LedgerPlaces, PayloadIndexCheck } from '../ledger/deep-stores.js';
import type { EventFilters } from '../ledger/filters.js';
import type { TreeState, Tile } from '../ledger/tiles.js';
import type {
  Entry,
  EventId,
  Head,
  Index,
  Instant,
  Position,
  Revision,
  SourceHead,
  Verdict,
} from '../ledger/types.js';
import type { Finding } from '../ledger/finding.js';
import type { Lines } from '../ledger/exported.js';
import type { LedgerView, RowsApart } from '../ledger/verification.js';

export type { EventFilters, PayloadFilter } from '../ledger/filters.js';

// ---------------------------------------------------------------------------------------------- writing

export interface LedgerWriter {
  /**
   * Wait until this process is the ledger's one active projector (a session-level advisory lock).
   * Rejects with `store-unavailable` when the session breaks while waiting, resolves to null when aborted.
   * @param taken called once when the lead has been another's for a second: this process waits to take over
   */
  lead(signal: AbortSignal, taken?: () => void): Promise<Leadership | null>;

  /** As LedgerReader.selfCheck, of the writer's login. */
  selfCheck(): Promise<{ readonly checked: boolean; readonly findings: readonly Finding[] }>;

  close(): Promise<void>;
}

/** The one active projector's hold on the ledger. */
export interface Leadership {
  /** Aborted when the session that holds the lock is lost: stop, and lead anew. */
  readonly lost: AbortSignal;

  /** Where the ledger ends: read fresh from the database, never remembered. */
  state(): Promise<LedgerState>;

  /** The heads of those of the given sources that have entries. */
  sourceHeads(sources: readonly string[]): Promise<ReadonlyMap<string, SourceHead>>;

  /** Which of these identities an entry of the ledger has already, whatever its verdict; as `source NUL id`. */
  recordedIdentities(identities: readonly Identity[]): Promise<ReadonlySet<string>>;

  /** The entry made from the event at this place of its source, null when there is none. */
  entryAt(source: string, revision: Revision): Promise<Entry | null>;

  /** The entry at this index, null beyond the end. */
  entry(index: Index): Promise<Entry | null>;

  /** Accepted `schema.registered` entries of `_schemas`, in index order. */
  registrations(): AsyncIterable<Entry>;

  /**
   * Append entries and move everything that follows from them, in one transaction: entries, source heads, tiles,
   * head and position. All of it is durable when this resolves, nothing of it when it rejects with `fenced`
   * (the head is not what `before` says, or the lock is another's). After `store-unavailable` it may or may
   * not have happened: read the state again.
   */
  commit(batch: LedgerBatch): Promise<void>;

  /**
   * Keep alarms, each cause (code, source, place) once and for good: durable when this resolves. What the log says again is
   * kept before the entries that follow it are committed, so that none is lost.
   * @returns those that were not kept before
   */
  keepAlarms(alarms: readonly Alarm[]): Promise<readonly Alarm[]>;

  /**
   * One bounded step of filling the payload index (the next 1,024 entries), in a transaction of its own; to be called
   * when there is nothing to commit, or when commits leave room. What was begun when the signal aborts goes on with
   * the next call. Nothing depends on it but the speed of queries.
   * @returns whether a step was finished, and so there may be more; false too when aborted
   */
  indexPayloads(signal: AbortSignal): Promise<boolean>;

  /** Gives the lock back. */
  release(): Promise<void>;
}

/** Something an operator must look at, that stops nothing by itself. Its texts are without control characters. */
export interface Alarm {
  readonly code: string;
  /** as entries have it; null: the ledger or the log as a whole */
  readonly source: string | null;
  /** tells causes of the same code and source apart; empty where all of them count as one */
  readonly place: string;
  /** when it happened, or was found */
  readonly since: Instant;
  readonly detail: string;
}

export interface Identity {
  readonly source: string;
  readonly id: EventId;
}

export interface LedgerState {
  readonly head: Head;
  /** the place in the log of the event that the last entry was made from; null when empty */
  readonly position: Position | null;
  readonly tree: TreeState;
}

export interface LedgerBatch {
  /** what the ledger must be at for this batch to follow */
  readonly before: LedgerState;
  readonly after: LedgerState;
  /** indexes before.head.size … after.head.size−1 */
  readonly entries: readonly Entry[];
  /** the heads of all sources that have an entry in the batch */
  readonly sourceHeads: readonly SourceHead[];
  /** all tiles that the batch began or filled further */
  readonly tiles: readonly Tile[];
}

// ---------------------------------------------------------------------------------------------- reading

export interface LedgerReader {
  /** Resolves when the database is at this program's version, else rejects with `schema-version`. */
  ready(): Promise<void>;

  /** `recordedAt` is that of the last entry, null when there is none. */
  head(): Promise<Head & { readonly recordedAt: Instant | null; readonly position: Position | null }>;

  entry(index: Index): Promise<Entry | null>;

  /** The entry made from the event at this place, null until the ledger has it. */
  entryAt(source: string, revision: Revision): Promise<Entry | null>;

  /**
   * Entries with this id whose verdict is not duplicate, at most one a source, in index order: the first 100, or as many
   * of them as have 8 MiB of data and metadata; two in any case, if there are two.
   */
  entriesById(id: EventId, scope: IdScope): Promise<readonly Entry[]>;

  /**
   * What the door asks before it appends: where a source has these ids (the entry that is no duplicate), and the last
   * revision of it that the ledger holds (null: none), all of one snapshot.
   * @returns an answer to each question, in their order
   */
  identities(questions: readonly IdentityQuestion[]): Promise<readonly KnownIdentities[]>;

  /**
   * The entries at these indexes, in index order and in arrays of bounded bytes. What is not there is left out, and so is
   * what no entry can be (verification names it).
   */
  entriesAt(indexes: readonly Index[]): AsyncIterable<readonly Entry[]>;

  /**
   * One page of the ledger in index order or its reverse, which ends at its limit, or before it once its entries have as
   * many bytes of data and metadata as it may; never without one, if any matches. Complete at any state of the caches: what the payload
   * index does not cover yet is scanned, and what it proposes is checked against the recorded bytes.
   * @throws LedgerError `too-slow` after the query's time limit (10 s)
   */
  events(
    filters: EventFilters,
    page: EventPage,
  ): Promise<{ readonly entries: readonly Entry[]; readonly next: Index | null }>;

  /** Sources in the order of their names' UTF-8 bytes, after `after` (exclusive). */
  sources(page: SourcePage): Promise<{
    readonly sources: readonly SourceHead[];
    readonly next: string | null;
  }>;

  /** Costs what was appended since it was asked last; the first times, half a second each until all is counted. */
  stats(): Promise<LedgerStats>;

  /**
   * The newest 1,000 alarms that projectors have kept, newest first. They stay, but for `log-diverged`, which is over when
   * the ledger has gone on.
   */
  alarms(): Promise<readonly Alarm[]>;

  /** Accepted `schema.registered` entries of `_schemas` at or above an index, in index order. */
  registrations(from: Index): AsyncIterable<Entry>;

  /**
   * Resolves when the ledger's head has moved since the call, after `timeoutMs`, or when aborted; wakes at
   * once through NOTIFY, and by polling where that is lost. No move after the call is missed; a move shortly before it
   * may wake, too. Costs no connection per waiter.
   */
  headMoved(timeoutMs: number, signal?: AbortSignal): Promise<void>;

  /** What verification and export read from. Holds no transaction and no connection between calls. */
  snapshot(): Promise<LedgerSnapshot>;

  /** What deep verification asks besides: entries through their indexes, and the payload index against the rows. */
  deepChecks(): DeepChecks;

  /**
   * The running login's rights, and the catalogue of the ledger's schemas against what the migrations made at the version
   * that the database states. Empty: as it must be. `checked` false: the database is newer than this program.
   */
  selfCheck(): Promise<{ readonly checked: boolean; readonly findings: readonly Finding[] }>;

  /** Never rejects; resolves within 2 s. */
  health(): Promise<{ readonly status: 'ok' } | { readonly status: 'down'; readonly detail: string }>;

  /** The ledger's name, fixed in the database by the first migrate. */
  origin(): Promise<string>;

  close(): Promise<void>;
}

export interface DeepChecks {
  /** As the row has it now, whatever that is: verification judges it. */
  head(): Promise<HeadPlace>;
  readonly places: LedgerPlaces;
  readonly payloadIndex: PayloadIndexCheck;
}

/**
 * The ledger at one moment: size, head and source heads from one short REPEATABLE READ transaction; the entries
 * below that size, which nobody may change, from later short ones.
 *
 * `head`, `root` and `sourceHeads` are as their rows have them: a size that is NaN, or a hash that is none, is for
 * verification to find. `beyond`: rows without index too, and without data and metadata. `rows` come in arrays of bounded
 * bytes, some of them empty; what the caller does not ask for is not read; each array is one short statement (keyset, not cursor), and
 * leaving the loop ends it. `tiles` leave out those that are missing; 32 bytes a hash.
 */
export interface LedgerSnapshot extends LedgerView {
  apart?(entries: number): (RowsApart & LinesApart) | null;
}

/** Lines of the same rows, made while this thread does something else. */
export interface LinesApart {
  lines(from: number, to: number, filters?: EventFilters): AsyncIterable<Lines>;
}

export interface IdentityQuestion {
  readonly source: string;
  /** UUIDs in lower case, as the ledger has them */
  readonly ids: readonly EventId[];
}

export interface KnownIdentities {
  readonly places: ReadonlyMap<EventId, KnownPlace>;
  readonly lastRevision: Revision | null;
}

export interface KnownPlace {
  readonly index: Index;
  readonly revision: Revision;
}

/** Which of the entries that share an id. */
export interface IdScope {
  /** null: any */
  readonly source: string | null;
  /** as of EventFilters */
  readonly within: EventFilters['within'];
}

export interface SourcePage {
  readonly after: string | null;
  readonly limit: number;
  /** whether the ledger's own are among them */
  readonly internal: boolean;
  /** as of EventFilters */
  readonly within: EventFilters['within'];
}

export interface EventPage {
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  /** ends early once it has so much of data and metadata; 8 MiB unless given */
  readonly bytes?: number;
  /** continue beyond this index (exclusive), null from the start */
  readonly after: Index | null;
  readonly fromIndex: Index | null;
  readonly toIndex: Index | null;
}

export interface LedgerStats {
  readonly events: number;
  readonly sources: number;
  readonly verdicts: Readonly<Record<Verdict, number>>;
  readonly tally: LedgerTally;
}

/** Counts that are made entry by entry, once in a process, the newest first. */
export interface LedgerTally {
  /** of how many entries: the newest, or all */
  readonly counted: number;
  readonly bySource: NameRanking;
  readonly byType: NameRanking;
  readonly recent: RecentCounts;
}

/** Names with the most entries, at most 20 of them; of more than 10,000 names, those that were counted first. */
export interface NameRanking {
  readonly most: readonly NameCount[];
  /** entries that have other names */
  readonly others: number;
}

export interface NameCount {
  readonly name: string;
  readonly events: number;
  readonly verdicts: Readonly<Record<Verdict, number>>;
}

/** Entries by recordedAt: how many are not older than that. */
export interface RecentCounts {
  readonly minute: number;
  readonly hour: number;
  readonly day: number;
}
