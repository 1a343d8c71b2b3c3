/**
 * Rows of the read model as verification reads them: every value as text in a form that the statement fixes,
 * bytes as bytes, so that nothing is lost or repaired on the way (a Date cuts microseconds, a number rounds).
 */

/** `null` is SQL's NULL. Times are milliseconds since 1970 as decimal text, `1689000000000.000000`. */
export interface EntryRow {
  readonly index: string | null;
  readonly id: string | null;
  readonly source: string | null;
  readonly type: string | null;
  readonly revision: string | null;
  /** hex */
  readonly schema: string | null;
  readonly verdict: string | null;
  readonly occurredAt: string | null;
  readonly recordedAt: string | null;
  readonly recordedBy: string | null;
  readonly actor: string | null;
  /** hex */
  readonly content: string | null;
  readonly previous: string | null;
  readonly previousInSource: string | null;
  readonly hash: string | null;
  readonly data: Buffer | null;
  readonly metadata: Buffer | null;
}

export interface SourceHeadRow {
  readonly source: string | null;
  readonly count: string | null;
  readonly lastRevision: string | null;
  readonly lastHash: string | null;
  readonly lastIndex: string | null;
  readonly firstRecordedAt: string | null;
  readonly lastRecordedAt: string | null;
}
