/**
 * Counts of entries by source, type and verdict, and by when they were recorded. No table has them and no index does, so
 * each process that is asked counts for itself: every entry once, in short statements, the newest ones first, since nothing
 * that was counted ever changes. Rejections are node-postgres' own.
 */
import type pg from 'pg';
import type { Verdict } from '../ledger/types.js';
import { NameCounts } from './name-counts.js';
import type { LedgerTally } from './port.js';
import { RecentSeconds } from './recent-seconds.js';
import type { SchemaName } from './schema-name.js';

export interface Tally {
  /**
   * The counts of a ledger of this size, as far as they are made: goes on counting for half a second at most, so that
   * whoever asks again soon has all of them.
   */
  upTo(size: number): Promise<Tallied>;
}

export interface Tallied extends LedgerTally {
  readonly verdicts: Readonly<Record<Verdict, number>>;
}

export interface TallyLimits {
  /** entries of one statement */
  readonly slice: number;
  /** no further statement for one answer after so long; there is always one */
  readonly budgetMs: number;
}

/** A statement takes some 50 ms. */
const LIMITS: TallyLimits = { slice: 16_384, budgetMs: 500 };

/** What was counted: the entries from ≤ index < to. */
interface State {
  from: number;
  to: number;
  /** of the entry before `to`: it names all before it; null where there is none */
  lastHash: string | null;
  readonly verdicts: Record<Verdict, number>;
  readonly sources: NameCounts;
  readonly types: NameCounts;
  readonly seconds: RecentSeconds;
}

const begin = (at: number): State => ({
  ...{ from: at, to: at, lastHash: null },
  verdicts: { accepted: 0, rejected: 0, duplicate: 0 },
  ...{ sources: new NameCounts(), types: new NameCounts(), seconds: new RecentSeconds() },
});

export function openTally(pool: pg.Pool, schema: SchemaName, limits = LIMITS): Tally {
  let state: State | null = null;
  let turn: Promise<unknown> = Promise.resolve();

  async function count(size: number): Promise<Tallied> {
    const deadline = performance.now() + limits.budgetMs;
    if (state === null || !(await isOf(state, size))) state = begin(size);
    let slice = nextSlice(state, size, limits.slice);
    while (slice !== null) {
      await add(state, slice);
      slice = performance.now() < deadline ? nextSlice(state, size, limits.slice) : null;
    }
    state.lastHash = await hashBefore(state.to);
    return told(state);
  }

  /** Whether it is the ledger that was counted: another one may have been put in its place. */
  async function isOf({ to, lastHash }: State, size: number): Promise<boolean> {
    return to <= size && (await hashBefore(to)) === lastHash;
  }

  async function hashBefore(index: number): Promise<string | null> {
    const { rows } = await pool.query<{ hash: string }>({
      name: `hash before ${schema}`,
      text: `SELECT encode(hash, 'hex') AS hash FROM ${schema}.entry WHERE index = $1::bigint - 1`,
      values: [index],
    });
    return rows[0]?.hash ?? null;
  }

  async function add(state: State, { from, to }: Slice): Promise<void> {
    const now = secondsNow();
    for (const { source, type, verdict, second, count } of await countSlice(pool, schema, { from, to })) {
      if (source !== null && verdict !== null) {
        state.sources.add(source, verdict, count);
        state.verdicts[verdict] += count;
      } else if (type !== null && verdict !== null) state.types.add(type, verdict, count);
      else if (second !== null) state.seconds.add(Number(second), count, now);
    }
    state.from = Math.min(state.from, from);
    state.to = Math.max(state.to, to);
  }

  return {
    upTo(size) {
      // one after the other: no entry is counted twice
      const counted = turn.then(() => count(size));
      turn = counted.catch(() => undefined);
      return counted;
    },
  };
}

interface Slice {
  readonly from: number;
  readonly to: number;
}

/** New entries first, then older ones; null: all are counted. */
function nextSlice({ from, to }: State, size: number, most: number): Slice | null {
  if (to < size) return { from: to, to: Math.min(to + most, size) };
  return from > 0 ? { from: Math.max(from - most, 0), to: from } : null;
}

interface SliceRow {
  readonly source: string | null;
  readonly type: string | null;
  readonly verdict: Verdict | null;
  readonly second: string | null;
  readonly count: number;
}

async function countSlice(
  pool: pg.Pool,
  schema: SchemaName,
  { from, to }: Slice,
): Promise<readonly SliceRow[]> {
  const { rows } = await pool.query<SliceRow>({
    name: `tally ${schema}`,
    text: `SELECT source, type, verdict, floor(extract(epoch FROM recorded_at))::bigint AS second, count(*)::integer AS count
      FROM ${schema}.entry WHERE index >= $1 AND index < $2
      GROUP BY GROUPING SETS ((source, verdict), (type, verdict), (floor(extract(epoch FROM recorded_at))::bigint))`,
    values: [from, to],
  });
  return rows;
}

function told({ from, to, verdicts, sources, types, seconds }: State): Tallied {
  return {
    verdicts: { ...verdicts },
    counted: to - from,
    bySource: sources.ranking(),
    byType: types.ranking(),
    recent: seconds.counts(secondsNow()),
  };
}

function secondsNow(): number {
  return Math.floor(Date.now() / 1000);
}
