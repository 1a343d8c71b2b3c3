/** Comparing the stored heads of sources with what a walk saw of each source. */
import { finding, type FindingList } from './finding.js';
import { readSourceHeadRow, type SourceHeadRow } from './row.js';
import type { SourceTrails, Trail } from './source-trail.js';
import type { SourceHead } from './types.js';

/** What a walk to the ledger's end saw. */
export interface Seen {
  readonly trails: SourceTrails;
  /** first index of the walk: of a source that began before, count and first time are not known */
  readonly fromIndex: number;
}

/** Report every stored head that is not what was seen, and every source that has none. */
export function checkSourceHeads(rows: readonly SourceHeadRow[], seen: Seen, findings: FindingList): void {
  const met = new Set<string>();
  for (const row of rows) {
    const read = readSourceHeadRow(row);
    if (row.source !== null && met.has(row.source)) {
      const detail = 'a second head of this source';
      findings.add(finding({ source: row.source }, { code: 'head-mismatch', detail }));
      continue;
    }
    if (row.source !== null) met.add(row.source);
    if (read.ok) checkHead(read.head, seen, findings);
    else findings.add(read.finding);
  }
  for (const [source, trail] of seen.trails.entries()) {
    if (met.has(source)) continue;
    const place = { index: trail.lastIndex, source };
    const detail = 'the source has entries and no head';
    findings.add(finding(place, { code: 'head-mismatch', expected: trail.lastHash, detail }));
  }
}

function checkHead(head: SourceHead, seen: Seen, findings: FindingList): void {
  const trail = seen.trails.get(head.source);
  if (trail === undefined) {
    checkUnseen(head, seen, findings);
    return;
  }
  for (const [member, expected] of expectations(head, trail, seen)) {
    if (head[member] === expected) continue;
    findings.add(
      finding(
        { index: trail.lastIndex, source: head.source },
        {
          code: 'head-mismatch',
          expected: String(expected),
          found: String(head[member]),
          detail: `${member} of the source's head`,
        },
      ),
    );
  }
}

function checkUnseen(head: SourceHead, { trails, fromIndex }: Seen, findings: FindingList): void {
  const endedBefore = head.lastIndex < fromIndex;
  const mayBeLost = trails.lost > 0 && (fromIndex > 0 || head.count <= trails.lost);
  if (endedBefore || mayBeLost) return;
  const detail = 'a head of a source that has no such entries';
  const place = { index: head.lastIndex, source: head.source };
  findings.add(finding(place, { code: 'head-mismatch', found: head.lastHash, detail }));
}

type Expectation = readonly [keyof SourceHead, string | number];

/** What the head must say. Where lost entries may explain another value, that value is not held against it. */
function expectations(head: SourceHead, trail: Trail, { trails, fromIndex }: Seen): readonly Expectation[] {
  const { count, firstRecordedAt, lastRevision, lastHash, lastIndex, lastRecordedAt } = trail;
  const all: Expectation[] = [];
  if (fromIndex === 0) {
    if (head.count < count || head.count > count + trails.lost) all.push(['count', count]);
    if (!trails.mayHaveLostBefore(trail)) all.push(['firstRecordedAt', firstRecordedAt]);
  }
  if (trails.mayHaveLostAfter(trail) && head.lastIndex > lastIndex) return all;
  all.push(['lastRevision', lastRevision], ['lastHash', lastHash]);
  all.push(['lastIndex', lastIndex], ['lastRecordedAt', lastRecordedAt]);
  return all;
}
