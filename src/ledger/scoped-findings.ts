/**
 * Findings whose weight is known only at the end: in an export, what is missing is a finding or not, depending on the
 * filters, and these stand in its last line.
 */
import type { Coverage } from './export-filters.js';
import { FindingList, MAX_FINDINGS, type Finding } from './finding.js';

/** What an export turned out to be of. */
export interface Extent {
  readonly coverage: Coverage;
  /** its range begins with the ledger */
  readonly fromStart: boolean;
}

const SCOPES = {
  always: () => true,
  /** only where every entry of the range must be there */
  all: ({ coverage }: Extent) => coverage === 'all',
  /** only where every entry of the sources must be there */
  sources: ({ coverage }: Extent) => coverage === 'sources',
  sourcesFromStart: ({ coverage, fromStart }: Extent) => coverage === 'sources' && fromStart,
  /** in both cases */
  complete: ({ coverage }: Extent) => coverage !== 'some',
};

export type Scope = keyof typeof SCOPES;

export class ScopedFindings {
  private readonly lists = new Map<Scope, FindingList>();

  add(scope: Scope, ...findings: readonly Finding[]): void {
    this.list(scope).add(...findings);
  }

  /** See FindingList. */
  addRun(scope: Scope, from: number, to: number, findingAt: (index: number) => Finding): void {
    this.list(scope).addRun(from, to, findingAt);
  }

  /** Those that count, in the order of their lines; those of the whole file last. */
  of(extent: Extent): { readonly findings: readonly Finding[]; readonly findingsTotal: number } {
    const lists = [...this.lists].filter(([scope]) => SCOPES[scope](extent)).map(([, list]) => list);
    const findings = lists
      .flatMap((list) => list.first)
      .sort((a, b) => (a.line ?? Infinity) - (b.line ?? Infinity) || 0)
      .slice(0, MAX_FINDINGS);
    return { findings, findingsTotal: lists.reduce((total, list) => total + list.total, 0) };
  }

  private list(scope: Scope): FindingList {
    let list = this.lists.get(scope);
    if (list === undefined) this.lists.set(scope, (list = new FindingList()));
    return list;
  }
}
