/** Ranges of indexes, half-open: fromIndex ≤ index < toIndex. */

export interface IndexRange {
  readonly fromIndex: number;
  readonly toIndex: number;
}

/** What a request may leave out: from the beginning, to the end. */
export interface AskedRange {
  readonly fromIndex?: number | null | undefined;
  readonly toIndex?: number | null | undefined;
}

/** What was asked for, as far as a ledger of this size goes. */
export function clipRange(asked: AskedRange, size: number): IndexRange {
  const toIndex = Math.min(asked.toIndex ?? size, size);
  return { fromIndex: Math.min(asked.fromIndex ?? 0, toIndex), toIndex };
}
