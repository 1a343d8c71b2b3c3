/**
 * Full verification: every entry of a range is read once, in order, and everything that the ledger states about it
 * is recomputed. What was found is data in the report; only failures to read are exceptions.
 */
import { ahead } from './ahead.js';
import { Beside } from './beside.js';
import { checkedRows, type CheckedRow } from './checked-row.js';
import { LedgerError } from './error.js';
import { NO_FILTERS, type EventFilters } from './filters.js';
import {
  finding,
  FindingList,
  MAX_FINDINGS,
  shorten,
  type Finding,
  type VerificationReport,
} from './finding.js';
import { isCount, isHash } from './header-form.js';
import { clipRange, type AskedRange, type IndexRange } from './range.js';
import { placeOfRow, type EntryRow, type SourceHeadRow } from './row.js';
import { checkSourceHeads } from './source-head-check.js';
import { checkTable, IndexAnswers, type TableView } from './table-check.js';
import { reportSurplusTiles, TileCheck, type ReadTiles, type SurplusTiles } from './tile-check.js';
import { NO_HASH, type Head } from './types.js';
import { Walk } from './walk.js';

/** Rows that are read, and looked at one by one, while this thread does something else. */
export interface RowsApart {
  /** in arrays, each of which can be gone through once */
  checked(from: number, to: number, filters?: EventFilters): AsyncIterable<Iterable<CheckedRow>>;
}

/**
 * The ledger at one moment, as far as verification reads it. Rows come in index order, in arrays of bounded
 * bytes, and nothing that is not asked for is read.
 */
export interface LedgerView {
  readonly head: Head;
  /** the Merkle root that the head states, in hex; null: it states none */
  readonly root: string | null;
  readonly sourceHeads: readonly SourceHeadRow[];
  /** rows at or beyond the head's size, or below zero; at most 1,000 */
  readonly beyond: readonly EntryRow[];
  /** columns that are missing or of another type than the rows are read as */
  readonly columns: readonly Finding[];
  readonly surplusTiles: SurplusTiles;
  rows(from: number, to: number, filters?: EventFilters): AsyncIterable<readonly EntryRow[]>;
  /** The same rows where another thread reads them: null where so few are not worth it. */
  apart?(entries: number): RowsApart | null;
  readonly tiles: ReadTiles;
  readonly table: TableView;
}

export interface VerificationOptions extends AskedRange {
  /** only the entries of this source */
  readonly source?: string;
  /** what the store's own check of its catalogue and rights gave */
  readonly selfCheck?: { readonly checked: boolean; readonly findings: readonly Finding[] };
}

export interface Progress {
  readonly checked: number;
  readonly total: number;
}

/** The report without what a clock says. */
export type Verification = Omit<VerificationReport, 'startedAt' | 'durationMs'>;

/**
 * Verify entries fromIndex ≤ index < toIndex: their bytes, metadata, hashes and both chains, and that none is missing
 * or doubled; tiles as far as they cover the range; the head and the sources' heads when the range reaches the
 * ledger's end. Of one source: its entries, its chain and its head. Of the whole ledger: also that its table holds no
 * other rows than those, and each of its indexes all of them.
 *
 * Within a range the first entry is held to the entry before the range, and a source's first entry in it to nothing.
 * Yields after each array of rows; memory grows only with the number of sources, and by a bit for each entry.
 * @param open called once
 * @throws what the view throws, as long as nothing was found: what was is reported, with what was not read
 */
export async function* verifyLedger(
  open: () => Promise<LedgerView>,
  options: VerificationOptions = {},
): AsyncGenerator<Progress, Verification, void> {
  const run: Run = {
    findings: new FindingList(),
    notChecked: [],
    range: NOTHING,
    checked: 0,
    size: 0,
    head: '',
  };
  checkCatalogue(options, run);
  try {
    yield* verifyView(await open(), options, run);
  } catch (error) {
    // Whoever alters a database can make it refuse to be read: that must not hide what gives it away.
    if (!(error instanceof LedgerError) || run.findings.total === 0) throw error;
    run.notChecked.push(`what could not be read: ${shorten(error.message)}`);
  }
  const { findings, notChecked, range, checked, size, head } = run;
  return {
    intact: findings.total === 0 && notChecked.length === 0,
    mode: 'full',
    range,
    ...(options.source === undefined ? {} : { source: options.source }),
    checked,
    size,
    head,
    findings: findings.first,
    findingsTotal: findings.total,
    ...(notChecked.length === 0 ? {} : { notChecked }),
  };
}

/** What becomes the report. */
interface Run {
  readonly findings: FindingList;
  readonly notChecked: string[];
  range: IndexRange;
  checked: number;
  size: number;
  head: string;
}

const NOTHING: IndexRange = { fromIndex: 0, toIndex: 0 };

async function* verifyView(
  view: LedgerView,
  options: VerificationOptions,
  run: Run,
): AsyncGenerator<Progress, void, void> {
  const { findings, notChecked } = run;
  findings.add(...view.columns);
  const size = readSize(view, findings, notChecked);
  const range = readableRange(options, size, notChecked);
  run.size = size;
  run.range = range;
  run.head = shorten(String(view.head.hash));
  const { source } = options;
  const tiles = new TileCheck({ readTiles: view.tiles.bind(view), range, size, findings });
  const whole =
    isCount(view.head.size) && source === undefined && range.fromIndex === 0 && range.toIndex === size;
  const answers = new IndexAnswers();
  const lookUps = whole ? new Beside(view.table.lookUps(size), (count) => answers.add(count)) : null;
  const walk = new Walk({ range, source: source ?? null, tiles, findings });
  const total = Math.min(range.toIndex - range.fromIndex, countOf(view, source));
  const progress = (): Progress => ({ checked: (run.checked = walk.checked), total });

  try {
    if (source === undefined) await readContext(view, walk, range.fromIndex);
    yield progress();
    const filters = source === undefined ? undefined : { ...NO_FILTERS, sources: [source] };
    for await (const rows of ahead(checkedRowsOf(view, range, { filters, most: total }))) {
      for (const row of rows) walk.row(row);
      await tiles.settle();
      yield progress();
    }
    walk.end();
    await tiles.finish();
    if (range.toIndex === size) checkEnd(view, walk, { size, source, range, whole, run });
    if (lookUps !== null) yield* checkWhole(view.table, walk, { size, lookUps, answers, run, progress });
  } finally {
    lookUps?.leave();
    await tiles.close();
  }
  if (source !== undefined && !isKnown(view, walk, source)) {
    notChecked.push('the source: the ledger has neither an entry nor a head of it');
  }
}

/** @param most so many entries match, at most */
function checkedRowsOf(
  view: LedgerView,
  { fromIndex, toIndex }: IndexRange,
  { filters, most }: { readonly filters: EventFilters | undefined; readonly most: number },
): AsyncIterable<Iterable<CheckedRow>> {
  const apart = view.apart?.(most) ?? null;
  if (apart !== null) return apart.checked(fromIndex, toIndex, filters);
  return checkedRows(view.rows(fromIndex, toIndex, filters));
}

/** The table that the rows came from, and its indexes: nothing must be in it that the walk did not meet. */
async function* checkWhole(
  table: TableView,
  walk: Walk,
  at: {
    readonly size: number;
    readonly lookUps: Beside<unknown>;
    readonly answers: IndexAnswers;
    readonly run: Run;
    readonly progress: () => Progress;
  },
): AsyncGenerator<Progress, void, void> {
  const { size, lookUps, answers, run, progress } = at;
  const before = run.findings.total;
  const rows = yield* checkTable(table, { size, reported: walk.repeated, findings: run.findings }, progress);
  const met = size - walk.missed;
  if (rows < met)
    run.notChecked.push(`rows of the table: ${rows} of ${met} were met when it was read itself`);
  // what is wrong with the rows themselves is said, and makes every count another
  const countable = walk.checked === size && walk.repeated.size === 0 && run.findings.total === before;
  if (!countable) return;
  await lookUps.done();
  for await (const count of table.counts(walk.verdicts)) {
    answers.add(count);
    yield progress();
  }
  answers.report(run.findings);
}

function isKnown(view: LedgerView, walk: Walk, source: string): boolean {
  return walk.checked > 0 || view.sourceHeads.some((row) => row.source === source);
}

function checkCatalogue({ selfCheck }: VerificationOptions, { findings, notChecked }: Run): void {
  if (selfCheck === undefined) return;
  findings.add(...selfCheck.findings);
  if (!selfCheck.checked) notChecked.push("the database's catalogue: it is newer than this program");
}

function readSize({ head }: LedgerView, findings: FindingList, notChecked: string[]): number {
  if (isCount(head.size)) return head.size;
  const found = String(head.size);
  findings.add(finding({}, { code: 'unreadable-value', found, detail: "the head's size" }));
  notChecked.push('the entries: the head does not say how many there are');
  return 0;
}

/** The range as far as there are entries. What was asked for beyond is said, not passed over. */
function readableRange(asked: AskedRange, size: number, notChecked: string[]): IndexRange {
  if (Math.max(asked.fromIndex ?? 0, asked.toIndex ?? 0) > size) {
    notChecked.push(`entries beyond ${size}: the ledger ends there`);
  }
  return clipRange(asked, size);
}

/** How many entries a source has, as its head says. */
function countOf(view: LedgerView, source: string | undefined): number {
  if (source === undefined) return Infinity;
  return Number(view.sourceHeads.find((row) => row.source === source)?.count ?? 0);
}

/** The entry before the range, which the first one in it names. */
async function readContext(view: LedgerView, walk: Walk, fromIndex: number): Promise<void> {
  if (fromIndex === 0) return;
  const before: EntryRow[] = [];
  for await (const rows of view.rows(fromIndex - 1, fromIndex)) before.push(...rows);
  walk.context(before);
}

function checkEnd(
  view: LedgerView,
  walk: Walk,
  at: { size: number; source: string | undefined; range: IndexRange; whole: boolean; run: Run },
): void {
  const { size, source, range, whole, run } = at;
  const { findings, notChecked } = run;
  const ours = (row: { readonly source: string | null }) => source === undefined || row.source === source;
  // the whole table is read for the whole ledger, and they are found in it
  for (const row of whole ? [] : view.beyond.filter(ours)) {
    const detail = `the head covers ${size} entries`;
    findings.add(finding(placeOfBeyond(row), { code: 'unexpected-entry', found: row.hash, detail }));
  }
  if (!whole && view.beyond.length >= MAX_FINDINGS)
    notChecked.push('further rows that the head does not cover');
  if (source === undefined) {
    checkHead(view.head, size, walk, findings);
    checkRoot(view.root, walk, findings);
    reportSurplusTiles(view.surplusTiles, size, findings);
  }
  checkSourceHeads(
    view.sourceHeads.filter(ours),
    { trails: walk.trails, fromIndex: range.fromIndex },
    findings,
  );
}

/** A row outside the ledger may have an index that no entry has. */
function placeOfBeyond(row: EntryRow): ReturnType<typeof placeOfRow> {
  const index = Number(row.index ?? NaN);
  return { ...placeOfRow(row), index: Number.isSafeInteger(index) ? index : null };
}

function checkHead({ hash }: Head, size: number, walk: Walk, findings: FindingList): void {
  if (!isHash(hash)) {
    findings.add(
      finding({}, { code: 'unreadable-value', found: shorten(String(hash)), detail: "the head's hash" }),
    );
    return;
  }
  const possible = size === 0 ? [NO_HASH] : walk.lastHashes(size - 1);
  if (possible.length === 0 || possible.includes(hash)) return;
  const index = size === 0 ? null : size - 1;
  const [expected] = possible;
  findings.add(
    finding(
      { index },
      { code: 'head-mismatch', expected: expected ?? null, found: hash, detail: "the head's hash" },
    ),
  );
}

/** Said of the head only when every entry is known: otherwise the entries' own findings say why. */
function checkRoot(root: string | null, walk: Walk, findings: FindingList): void {
  const expected = walk.root();
  if (expected === null || root === expected) return;
  const found = root === null ? null : shorten(root);
  findings.add(finding({}, { code: 'head-mismatch', expected, found, detail: "the head's Merkle root" }));
}
