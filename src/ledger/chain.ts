/** The chain: every entry names the entry before it, and the entry before it in its source. */
import { headerFor, headerHash } from './entry.js';
import { LedgerError } from './error.js';
import { entryName } from './name.js';
import type { Entry, Head, Index, JudgedEvent, SourceHead } from './types.js';

export interface ChainInput {
  /** where the ledger ends */
  readonly head: Head;
  /** heads of the judged events' sources as far as they have entries, by the name that entries have */
  readonly sourceHeads: ReadonlyMap<string, SourceHead>;
  /** in log order */
  readonly judged: readonly JudgedEvent[];
}

export interface Chained {
  readonly entries: readonly Entry[];
  readonly head: Head;
  /** those that have moved */
  readonly sourceHeads: ReadonlyMap<string, SourceHead>;
}

/**
 * Append judged events to the ledger's chain. Pure: nothing given is changed. Whatever a log can hold becomes an
 * entry; revisions may skip (a truncated stream), which verification reports.
 * @throws LedgerError `internal` when a revision does not rise within its source: the caller chains an event twice
 */
export function chainEvents(input: ChainInput): Chained {
  const entries: Entry[] = [];
  const moved = new Map<string, SourceHead>();
  let { size, hash } = input.head;
  for (const { event, judgement } of input.judged) {
    const source = entryName(event.source);
    const before = moved.get(source) ?? input.sourceHeads.get(source);
    if (before !== undefined && event.revision <= before.lastRevision) {
      const places = `revision ${event.revision} after ${before.lastRevision}`;
      throw new LedgerError('internal', `the chain of source ${JSON.stringify(source)} was given ${places}`);
    }
    const index = size as Index;
    const header = headerFor(event, judgement, {
      index,
      previous: hash,
      previousInSource: before?.lastHash ?? null,
    });
    size += 1;
    hash = headerHash(header);
    entries.push({ header, hash, data: event.data, metadata: event.metadata });
    moved.set(source, {
      source,
      count: (before?.count ?? 0) + 1,
      lastRevision: event.revision,
      lastHash: hash,
      lastIndex: index,
      firstRecordedAt: before?.firstRecordedAt ?? header.recordedAt,
      lastRecordedAt: header.recordedAt,
    });
  }
  return { entries, head: { size, hash }, sourceHeads: moved };
}
