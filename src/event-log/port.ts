/**
 * The event log: what was said, by whom, in which order. The source of truth that the ledger is made from.
 *
 * The port is narrow enough that a table in PostgreSQL and an EventStoreDB cluster both fit it, and each
 * docstring is a contract: test/event-log/contract.ts holds every adapter to it. Nothing above the port knows
 * which log it has.
 *
 * All methods but `health` reject with a LedgerError: `log-unavailable` (nothing was written, try again), `log-uncertain`
 * (append only), `access-denied`, `invalid-input` (a caller's mistake: an id that is no UUID, a source that is
 * no well-formed text, a position of another log), `schema-version` or `invalid-configuration` (what the log is
 * kept in was not made ready), `internal`. `comparePositions` throws `invalid-input`. No promise hangs: every call has a
 * deadline of its own, 10 s unless said otherwise.
 */
import type { EventId, Instant, Position, RecordedEvent, Revision, StreamEvent } from '../ledger/types.js';

export interface EventLog {
  /**
   * Append events to one source's stream, each identity at most once.
   *
   * Durable when it resolves: every `appended` outcome is on disk and will be delivered to subscribers; every
   * `present` outcome was so already. Appended candidates stand in the stream in the order given, though not
   * necessarily next to each other, and never before an event whose append resolved earlier. Calls that are under way at
   * once may stand in any order.
   *
   * Identity: a candidate whose id stands in the stream at or after `since` is not written; its outcome is
   * `present`, with the revision of the first such event, and the caller looks it up and decides whether it is a
   * replay. Events are not given back: they may be far larger than what was sent. This holds against
   * every concurrent append, of this process or another, also when two candidates of one call share an id.
   * Ids below `since` are the caller's business: it has looked there already (in the ledger). An adapter
   * may look further back than asked. Candidates marked `fresh` carry an id that nobody used before: they
   * need no look-up.
   *
   * Failing: the call rejects as a whole. After `log-uncertain` any prefix may have been written, or may be yet, and
   * the same candidates (same ids, not `fresh`) may be sent again: those that were written come back as `present`.
   * After every other code but `internal` nothing was written, nor will be. A candidate that this log can never take
   * (too large, say) gets the outcome `refused` and does not harm the others.
   *
   * Adapters may coalesce concurrent calls into one write: a few milliseconds of linger under load, none
   * when idle.
   */
  append(
    source: string,
    candidates: readonly Candidate[],
    options?: AppendOptions,
  ): Promise<readonly AppendOutcome[]>;

  /**
   * Read one source's stream, including events appended by calls that resolved before this one was made.
   * Yields in revision order (or its reverse), nothing left out but what the log itself hides (truncation).
   * An unknown source yields nothing. Reads ahead a bounded amount; leaving the loop ends the read.
   */
  readSource(source: string, options?: ReadOptions): AsyncIterable<StreamEvent>;

  /**
   * Everything in the log after a position (exclusive; null: from the start), in log order: first what is
   * there, then what comes, without end.
   *
   * Delivery is at least once: an event may come again after an interruption, but never before an earlier one
   * was delivered. An adapter may heal an interruption by itself where the log must still be the same one (a server
   * that drops a consumer because it is slow; a connection to the database that the ledger is kept in, too). Any other,
   * a server that went away above all, ends the iteration with a LedgerError, after which the caller looks whether the
   * log is still the one it knows, and subscribes anew from what it has handled. Backpressure: the next batch is not awaited before the consumer asks, and what
   * is read ahead is bounded in bytes and number. Ends without error when `signal` is aborted or the log closed.
   *
   * A position that the log never gave out may be accepted silently: whoever resumes checks first that the
   * log still holds what it resumed from (see lookUp).
   */
  subscribe(options: SubscribeOptions): AsyncIterable<LogBatch>;

  /** The place of the newest event, null for an empty log. */
  newest(): Promise<Position | null>;

  /**
   * How much a consumer that has handled everything up to `after` still has before it.
   * @returns `events`: their number (null where the log cannot tell cheaply), `oldest`: when the first of
   *   them was recorded (null when there is none)
   */
  backlog(
    after: Position | null,
  ): Promise<{ readonly events: number | null; readonly oldest: Instant | null }>;

  /** The event at one place. Sees everything appended by calls that resolved before. */
  lookUp(source: string, revision: Revision): Promise<LookUp>;

  /** Negative, zero or positive as `a` stands before, at or after `b`. */
  comparePositions(a: Position, b: Position): number;

  /** Never rejects; resolves within 2 s. */
  health(): Promise<LogHealth>;

  /**
   * Waits for appends under way, ends subscriptions, frees connections. A read that is not at its end, and every
   * later call, rejects with `log-unavailable`.
   */
  close(): Promise<void>;
}

/**
 * An event that the log does not have yet. The bytes are stored and given back as they are. Its metadata are of this
 * attempt alone (the API's have a random salt): a log may tell by them whose write of an identity it holds.
 */
export interface Candidate {
  readonly id: EventId;
  readonly type: string;
  readonly data: Buffer;
  readonly metadata: Buffer;
  /** the id was made for this very call: nobody can have used it before */
  readonly fresh: boolean;
}

export interface AppendOptions {
  /**
   * Identities at lower revisions were looked for by the caller. Absent: it does not know; the adapter
   * looks through the newest 10,000 events of the stream at least.
   */
  readonly since?: Revision;
}

export type AppendOutcome =
  | { readonly status: 'appended'; readonly revision: Revision }
  | { readonly status: 'present'; readonly revision: Revision }
  | { readonly status: 'refused'; readonly reason: string };

export interface ReadOptions {
  /** first revision to read, inclusive; default: the stream's start, or its end when reading backwards */
  readonly from?: Revision;
  readonly direction?: 'forwards' | 'backwards';
  /** at most so many events; default: all */
  readonly limit?: number;
}

export interface SubscribeOptions {
  readonly after: Position | null;
  readonly signal: AbortSignal;
  /** called each time that the log ended it because its consumer is slow, and it was made anew: normal under load */
  readonly fellBehind?: () => void;
}

/** What a subscription hands over at once: at least one event or administrative record, or the news that it is live. */
export interface LogBatch {
  readonly events: readonly RecordedEvent[];
  /**
   * What was done to the log itself, in log order; absent where nothing was. Each is handed over no later than the first
   * event after it, and again like any event before it: what has handled it for good before it goes on to that event
   * misses none, though it resumes from events alone.
   */
  readonly administration?: readonly AdministrativeRecord[];
  /** the log held nothing beyond these events a moment ago; said at least once by the time that this is so */
  readonly live: boolean;
}

/**
 * Something in the log that takes events from its readers, or lets others do so. Never an event. Only of what is the
 * ledger's: an adapter hands over nothing else that it may see.
 */
export interface AdministrativeRecord {
  readonly what:
    /** the stream's events before a place are hidden */
    | 'truncated'
    /** the stream's events will be hidden, by age or number */
    | 'retention'
    /** the stream's events are hidden; it can be written to again */
    | 'deleted'
    /** the stream has ended for good */
    | 'tombstoned'
    /** what was hidden is being removed */
    | 'scavenged'
    /** the rights that protect the log are no longer those that it was set up with */
    | 'settings-changed';
  /** whose stream, as the log has it; null: the log as a whole */
  readonly source: string | null;
  /** tells one such thing from the next: the same however often it is delivered, and in each record of it */
  readonly place: string;
  /** the log's own time */
  readonly at: Instant;
  /** in words, for an operator */
  readonly detail: string;
}

export type LookUp =
  | { readonly status: 'found'; readonly event: StreamEvent }
  /** beyond the stream's end (lastRevision null: there is no such stream) */
  | { readonly status: 'absent'; readonly lastRevision: Revision | null }
  /** the log hides or has removed it: truncated, scavenged, deleted */
  | { readonly status: 'hidden'; readonly reason: 'truncated' | 'deleted' };

export type LogHealth = { readonly status: 'ok' } | { readonly status: 'down'; readonly detail: string };
