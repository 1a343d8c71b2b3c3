/**
 * The words of the ledger as types. Everything here is a value: read-only, comparable, without behaviour.
 */

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** A SHA-256 hash as 64 lower-case hex digits. */
export type Hash = Branded<string, 'Hash'>;

/** An entry's 0-based place in the ledger; a safe integer. */
export type Index = Branded<number, 'Index'>;

/** An event's 0-based place in its source's stream; a safe integer. */
export type Revision = Branded<number, 'Revision'>;

/**
 * An event's place in the whole log: opaque above the event log, comparable through it, used to resume.
 * It proves nothing: a log accepts positions that it never gave out.
 */
export type Position = Branded<string, 'Position'>;

/** A moment as UTC with milliseconds, `2026-11-20T10:00:00.000Z`, years 0001–9999. Sorts as text. */
export type Instant = Branded<string, 'Instant'>;

/** An event id: a lower-case UUID. */
export type EventId = Branded<string, 'EventId'>;

/** 64 zeros: what the first entry of the ledger names as the hash before it. */
export const NO_HASH = '0'.repeat(64) as Hash;

export type Verdict = 'accepted' | 'rejected' | 'duplicate';

/** Any JSON value, as parsed: member order carries no meaning. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json };

/** One record of the event log, exactly as it stands there. */
export interface RecordedEvent {
  readonly position: Position;
  /** as the log has it: possibly nothing the door would take */
  readonly source: string;
  readonly revision: Revision;
  readonly id: EventId;
  /** as the log has it: possibly nothing the door would take */
  readonly type: string;
  /** the recorded bytes; possibly empty, possibly no JSON at all */
  readonly data: Buffer;
  /** the recorded bytes; possibly empty, possibly no JSON at all */
  readonly metadata: Buffer;
  /** the log's own time of recording, cut to milliseconds */
  readonly loggedAt: Instant;
}

/** The same as its source's stream shows it: not every log can say there where it stands in the whole. */
export type StreamEvent = Omit<RecordedEvent, 'position'> & { readonly position: Position | null };

/** The header of an entry: what is hashed. Serialised by RFC 8785; the members are the format of version 1. */
export interface Header {
  readonly v: 1;
  readonly index: Index;
  readonly id: EventId;
  readonly source: string;
  readonly type: string;
  readonly revision: Revision;
  /** hash of the canonical schema that judged the event, null when none did */
  readonly schema: Hash | null;
  readonly verdict: Verdict;
  readonly occurredAt: Instant | null;
  readonly recordedAt: Instant;
  readonly recordedBy: string | null;
  readonly actor: string | null;
  /** see contentHash in entry.ts */
  readonly content: Hash;
  /** hash of entry index−1; NO_HASH for index 0 */
  readonly previous: Hash;
  /** hash of the source's entry before this one, null for its first */
  readonly previousInSource: Hash | null;
}

/** The ledger's row for one recorded event. */
export interface Entry {
  readonly header: Header;
  readonly hash: Hash;
  readonly data: Buffer;
  readonly metadata: Buffer;
}

/** The end of the ledger's chain. */
export interface Head {
  /** number of entries */
  readonly size: number;
  /** hash of entry size−1; NO_HASH when empty */
  readonly hash: Hash;
}

/** The end of one source's chain. */
export interface SourceHead {
  readonly source: string;
  /** number of entries of this source */
  readonly count: number;
  readonly lastRevision: Revision;
  readonly lastHash: Hash;
  /** index of the source's last entry */
  readonly lastIndex: Index;
  /** recordedAt of the entries of the lowest and the highest index */
  readonly firstRecordedAt: Instant;
  readonly lastRecordedAt: Instant;
}

/** What the judge said of one event. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly schema: Hash | null;
}

/** A recorded event with its verdict, ready to be chained. */
export interface JudgedEvent {
  readonly event: RecordedEvent;
  readonly judgement: Judgement;
}
