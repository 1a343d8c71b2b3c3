/** Ledgers for tests: made by the code that makes real ones, then taken apart. */
import { chainEvents } from '../../src/ledger/chain.js';
import { NO_FILTERS, type EventFilters } from '../../src/ledger/filters.js';
import { treeRoot } from '../../src/ledger/merkle.js';
import { encodeMetadata } from '../../src/ledger/metadata.js';
import type { EntryRow, SourceHeadRow } from '../../src/ledger/row.js';
import type { PlacedRows, TableView } from '../../src/ledger/table-check.js';
import type { SurplusTiles } from '../../src/ledger/tile-check.js';
import { appendLeaves, EMPTY_TREE, hashesInTile, type Tile } from '../../src/ledger/tiles.js';
import { instantFromMs, instantToMs } from '../../src/ledger/time.js';
import {
  NO_HASH,
  type Entry,
  type EventId,
  type Hash,
  type Head,
  type Instant,
  type JudgedEvent,
  type Position,
  type Revision,
  type SourceHead,
  type Verdict,
} from '../../src/ledger/types.js';

export interface EventDraft {
  readonly source?: string;
  readonly type?: string;
  readonly revision?: number;
  readonly data?: Buffer;
  /** null: a foreign event's */
  readonly metadata?: Buffer | null;
  readonly verdict?: Verdict;
  readonly schema?: Hash | null;
  readonly actor?: string | null;
  readonly recordedBy?: string | null;
  readonly subject?: string;
  readonly occurredAt?: Instant | null;
  readonly recordedAt?: Instant;
}

export interface Ledger {
  readonly head: Head;
  readonly entries: readonly Entry[];
  readonly sourceHeads: readonly SourceHead[];
  readonly tiles: readonly Tile[];
}

/** A ledger of these events; three sources take turns unless they say otherwise. */
export function ledgerOf(drafts: readonly EventDraft[]): Ledger {
  const revisions = new Map<string, number>();
  const judged = drafts.map((draft, i) => {
    const source = draft.source ?? `source-${i % 3}`;
    const revision = draft.revision ?? revisions.get(source) ?? 0;
    revisions.set(source, revision + 1);
    return judgedEvent(draft, { number: i, source, revision });
  });
  const chained = chainEvents({ head: { size: 0, hash: NO_HASH }, sourceHeads: new Map(), judged });
  const { tiles } = appendLeaves(
    EMPTY_TREE,
    chained.entries.map((entry) => entry.hash),
  );
  return {
    head: chained.head,
    entries: chained.entries,
    sourceHeads: [...chained.sourceHeads.values()],
    tiles,
  };
}

/** A ledger of so many plain events. */
export function ledgerOfSize(size: number): Ledger {
  return ledgerOf(Array.from({ length: size }, () => ({})));
}

function judgedEvent(
  draft: EventDraft,
  at: { readonly number: number; readonly source: string; readonly revision: number },
): JudgedEvent {
  const recordedAt = draft.recordedAt ?? instantFromMs(1_790_000_000_000 + at.number * 1000);
  const metadata =
    draft.metadata ??
    encodeMetadata({
      v: 1,
      recordedAt,
      occurredAt: draft.occurredAt === undefined ? recordedAt : draft.occurredAt,
      recordedBy: draft.recordedBy === undefined ? 'admin' : draft.recordedBy,
      actor: draft.actor === undefined ? 'alice' : draft.actor,
      salt: at.number.toString(16).padStart(32, '0'),
      ...(draft.subject === undefined ? {} : { subject: draft.subject }),
    });
  return {
    event: {
      position: String(at.number) as Position,
      source: at.source,
      revision: at.revision as Revision,
      id: `00000000-0000-4000-8000-${at.number.toString(16).padStart(12, '0')}` as EventId,
      type: draft.type ?? 'thing.happened',
      data: draft.data ?? Buffer.from(`{"n":${at.number}}`),
      metadata,
      loggedAt: recordedAt,
    },
    judgement: {
      verdict: draft.verdict ?? 'accepted',
      schema: draft.schema === undefined ? ('5c'.repeat(32) as Hash) : draft.schema,
    },
  };
}

export function rowOf({ header, hash, data, metadata }: Entry): EntryRow {
  return {
    index: String(header.index),
    id: header.id,
    source: header.source,
    type: header.type,
    revision: String(header.revision),
    schema: header.schema,
    verdict: header.verdict,
    occurredAt: header.occurredAt === null ? null : timeText(header.occurredAt),
    recordedAt: timeText(header.recordedAt),
    recordedBy: header.recordedBy,
    actor: header.actor,
    content: header.content,
    previous: header.previous,
    previousInSource: header.previousInSource,
    hash,
    data,
    metadata,
  };
}

export function sourceHeadRowOf(head: SourceHead): SourceHeadRow {
  return {
    source: head.source,
    count: String(head.count),
    lastRevision: String(head.lastRevision),
    lastHash: head.lastHash,
    lastIndex: String(head.lastIndex),
    firstRecordedAt: timeText(head.firstRecordedAt),
    lastRecordedAt: timeText(head.lastRecordedAt),
  };
}

function timeText(instant: Instant): string {
  return `${instantToMs(instant)}.000000`;
}

/** A read model in memory, to be tampered with: its members may be replaced and its arrays changed. */
export interface Tables {
  head: Head;
  root: string;
  rows: EntryRow[];
  sources: SourceHeadRow[];
  tiles: Tile[];
}

export function tablesOf(ledger: Ledger): Tables {
  return {
    head: ledger.head,
    root: treeRoot(ledger.entries.map(({ hash }) => Buffer.from(hash, 'hex'))).toString('hex'),
    rows: ledger.entries.map(rowOf),
    sources: ledger.sourceHeads.map(sourceHeadRowOf),
    tiles: [...ledger.tiles],
  };
}

/** What a snapshot of the tables shows: rows by index, in arrays of a few. */
export function viewOf(tables: Tables, rowsAtOnce = 7) {
  const { head } = tables;
  const indexOf = (row: EntryRow) => Number(row.index ?? NaN);
  const ordered = tables.rows.toSorted((a, b) => indexOf(a) - indexOf(b));
  return {
    head,
    root: tables.root,
    sourceHeads: tables.sources,
    beyond: ordered.filter((row) => !(indexOf(row) >= 0 && indexOf(row) < head.size)),
    async *rows(from: number, to: number, filters: EventFilters = NO_FILTERS) {
      const { sources } = filters;
      const asked = ordered.filter(
        (row) =>
          indexOf(row) >= from &&
          indexOf(row) < to &&
          (sources.length === 0 || sources.includes(row.source ?? '')),
      );
      for (let at = 0; at < asked.length; at += rowsAtOnce) {
        yield await Promise.resolve(asked.slice(at, at + rowsAtOnce));
      }
    },
    columns: [],
    surplusTiles: surplusTilesOf(tables),
    table: tableOf(tables),
    async *tiles(level: number, from: number, to: number) {
      for (const tile of tables.tiles) {
        if (tile.level !== level || tile.index < from || tile.index >= to) continue;
        const hashes = Buffer.from(tile.hashes);
        yield await Promise.resolve({ ...tile, hashes });
        // good no longer
        hashes.fill(0xff);
      }
    },
  };
}

function surplusTilesOf({ tiles, head: { size } }: Tables): SurplusTiles {
  const first = tiles.flatMap(({ level, index, hashes }) => {
    const room = hashesInTile(size, level, index);
    const held = Math.floor(hashes.length / 32);
    if (room > 0 && (held <= room || room === 256)) return [];
    return [{ level, index, hashes: room === 0 ? null : held }];
  });
  return { first, total: first.length };
}

const PLACED_AT_ONCE = 7;

export type Placed = readonly [tuple: number, index: number];

export function placedRows(rows: readonly Placed[]): PlacedRows {
  return {
    tuples: Float64Array.from(rows, ([tuple]) => tuple),
    indexes: Float64Array.from(rows, ([, index]) => index),
  };
}

/** The table as it is by now, and indexes that hold all of it. */
function tableOf(tables: Tables): TableView {
  return {
    async *placed() {
      const indexes = tables.rows.map(({ index }) => (index === null ? NaN : Number(index)));
      const placed = indexes.map((index, tuple): Placed => [tuple, index]);
      for (let at = 0; at < placed.length; at += PLACED_AT_ONCE) {
        const rows = placedRows(placed.slice(at, at + PLACED_AT_ONCE));
        yield await Promise.resolve(rows);
        // good no longer
        rows.tuples.fill(NaN);
        rows.indexes.fill(NaN);
      }
    },
    rowsAt: (tuples) => Promise.resolve(tuples.map((tuple) => at(tables.rows, tuple))),
    size: () => Promise.resolve(tables.head.size),
    async *lookUps(expected) {
      yield await Promise.resolve({ name: 'places', expected, found: tables.rows.length });
    },
    async *counts({ accepted, rejected, duplicate }) {
      const expected = accepted + rejected + duplicate;
      yield await Promise.resolve({ name: 'times', expected, found: tables.rows.length });
    },
  };
}

/** The item at a place where there is one. */
export function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  if (item === undefined) throw new RangeError(`nothing at ${index}`);
  return item;
}
