/**
 * Deep verification: the full one, and in the same pass over the rows every entry against the event log, every verdict
 * judged again, and the payload index made again. What was found is data; only failures to read are exceptions.
 */
import { ahead } from './ahead.js';
import { identityKey, type DeepParts, type EntryIdentity, type IndexDifference } from './deep-stores.js';
import { DeepWalk } from './deep-walk.js';
import { LedgerError } from './error.js';
import { FindingList, MAX_FINDINGS, type Finding } from './finding.js';
import { isCount } from './header-form.js';
import type { EntryRow } from './row.js';
import {
  verifyLedger,
  type LedgerView,
  type Progress,
  type Verification,
  type VerificationOptions,
} from './verification.js';

/** The two stores, each as of one moment. */
export interface DeepStores {
  readonly view: LedgerView;
  readonly parts: DeepParts;
}

/**
 * Verify the whole ledger against the whole log up to the ledger's head. Yields as full verification does; memory grows
 * only with the number of sources, and by a bit for each entry.
 * @param open called once
 * @throws what the stores throw. When they cannot be read to the end and something was found until then, that is
 *   reported, with what was not checked
 */
export async function* verifyDeep(
  open: () => Promise<DeepStores>,
  options: Pick<VerificationOptions, 'selfCheck'> = {},
): AsyncGenerator<Progress, Verification, void> {
  const findings = new FindingList();
  const begun: { comparison: Comparison | null } = { comparison: null };
  const followed = async (): Promise<LedgerView> => {
    const { view, parts } = await open();
    begun.comparison = new Comparison(view, parts, findings);
    return begun.comparison.follow(view);
  };
  try {
    const full = yield* verifyLedger(followed, options);
    return begun.comparison === null
      ? { ...full, mode: 'deep' }
      : withDeepFindings(full, findings, begun.comparison);
  } finally {
    await begun.comparison?.close();
  }
}

function withDeepFindings(full: Verification, deep: FindingList, comparison: Comparison): Verification {
  const { failure, notChecked, replaced } = comparison;
  const entries = [...full.findings, ...deep.first];
  const index = unexplained(comparison.indexDifferences, entries);
  const findingsTotal = full.findingsTotal + deep.total + replaced.length + index.length;
  if (failure !== null && findingsTotal === 0) throw failure;
  const unchecked = [...(full.notChecked ?? []), ...notChecked];
  return {
    ...full,
    mode: 'deep',
    intact: full.intact && findingsTotal === 0 && notChecked.length === 0,
    findings: [...replaced, ...byIndex([...entries, ...index])].slice(0, MAX_FINDINGS),
    findingsTotal,
    ...(unchecked.length === 0 ? {} : { notChecked: unchecked }),
  };
}

/** What was found of one entry stands together; findings without an index come first. */
function byIndex(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => (a.index ?? -1) - (b.index ?? -1));
}

/** The payload index is of the entries as they were: that it is not of those that were altered is no further finding. */
function unexplained(differences: readonly IndexDifference[], found: readonly Finding[]): readonly Finding[] {
  const altered = found.filter(({ store }) => store !== 'log').map(({ index }) => index ?? -1);
  const explained = ({ range }: IndexDifference): boolean =>
    altered.some((index) => index >= range.fromIndex && index < range.toIndex);
  return differences.filter((difference) => !explained(difference)).map(({ finding }) => finding);
}

class Comparison {
  /** why the log or the ledger's indexes could not be read to the end */
  failure: LedgerError | null = null;
  readonly notChecked: string[] = [];
  readonly indexDifferences: IndexDifference[] = [];
  readonly #parts: DeepParts;
  readonly #walk: DeepWalk;

  constructor(view: LedgerView, parts: DeepParts, findings: FindingList) {
    this.#parts = parts;
    this.#walk = new DeepWalk(parts, view.head, findings);
  }

  /** That the log is another one, if it is. */
  get replaced(): readonly Finding[] {
    return this.#walk.replaced === null ? [] : [this.#walk.replaced];
  }

  /** The same view; its rows are compared with the log as they pass. */
  follow(view: LedgerView): LedgerView {
    const rows: LedgerView['rows'] = (from, to, filters) => this.#follow(view.rows(from, to, filters));
    if (!isCount(view.head.size)) return view;
    return { ...view, rows, apart: () => null };
  }

  close(): Promise<void> {
    return this.#walk.close();
  }

  async *#follow(
    arrays: AsyncIterable<readonly EntryRow[]>,
  ): AsyncGenerator<readonly EntryRow[], void, void> {
    for await (const rows of ahead(arrays)) {
      await this.#unlessFailed(() => this.#compare(rows));
      yield rows;
    }
    await this.#unlessFailed(() => this.#walk.end());
    if (this.#walk.hopeless) {
      this.notChecked.push(
        `the entries after ${this.#walk.compared} against the log: nothing agreed any more`,
      );
    }
  }

  async #compare(rows: readonly EntryRow[]): Promise<void> {
    const firsts = await this.#parts.places.firsts(
      rows.map(identityOf).filter((identity) => identity !== null),
    );
    for (const row of rows) {
      const identity = identityOf(row);
      await this.#walk.take({
        row,
        first: identity === null ? undefined : firsts.get(identityKey(identity)),
      });
    }
    const differences = await this.#parts.payloadIndex.rows(rows);
    // more are not needed to say that the index is wrong
    this.indexDifferences.push(...differences.slice(0, MAX_FINDINGS - this.indexDifferences.length));
  }

  /** What full verification finds must not be lost because the log cannot be read. */
  async #unlessFailed(step: () => Promise<void>): Promise<void> {
    if (this.failure !== null) return;
    try {
      await step();
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      this.failure = error;
      this.notChecked.push(`the entries after ${this.#walk.compared} against the log: ${error.message}`);
    }
  }
}

function identityOf({ source, id }: EntryRow): EntryIdentity | null {
  return source === null || id === null ? null : { source, id };
}
