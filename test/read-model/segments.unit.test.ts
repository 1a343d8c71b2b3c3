import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toRuns } from '../../src/read-model/segments.js';

describe('runs of segments', () => {
  it('hold every segment once, in order, and few others', () => {
    const segments = fc.uniqueArray(fc.nat(200)).map((list) => list.sort((a, b) => a - b));
    fc.assert(
      fc.property(segments, (list) => {
        const runs = toRuns(list);
        const covered = runs.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, n) => from + n));
        expect(covered).toEqual([...new Set(covered)].sort((a, b) => a - b));
        for (const segment of list) expect(covered).toContain(segment);
        for (const { from, to } of runs) {
          expect(list).toContain(from);
          expect(list).toContain(to - 1);
        }
      }),
    );
  });

  it('are one where segments are near each other, and two where they are far apart', () => {
    expect(toRuns([0, 1, 2, 9])).toEqual([{ from: 0, to: 10 }]);
    expect(toRuns([0, 100])).toEqual([
      { from: 0, to: 1 },
      { from: 100, to: 101 },
    ]);
    expect(toRuns([])).toEqual([]);
  });
});
