import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NEWEST, RecentIdentities } from '../../../src/event-log/eventstoredb/recent-identities.js';
import type { EventId } from '../../../src/ledger/types.js';

function idsFrom(from: number, count: number): readonly EventId[] {
  return Array.from({ length: count }, (_, n) => `id-${from + n}` as EventId);
}

describe('recent identities', () => {
  test('are known by revision over a half-open window, which grows at both ends', () => {
    const recent = new RecentIdentities();
    recent.reset(5);
    recent.append(idsFrom(5, 3), Infinity);
    recent.prepend(idsFrom(2, 3));
    expect([recent.from, recent.to, recent.size]).toEqual([2, 8, 6]);
    for (let n = 2; n < 8; n += 1) {
      expect(recent.revisionOf(`id-${n}` as EventId)).toBe(n);
      expect(recent.idAt(n)).toBe(`id-${n}`);
    }
    expect([recent.idAt(1), recent.idAt(8), recent.revisionOf('id-1' as EventId)]).toEqual([
      null,
      null,
      undefined,
    ]);
  });

  test('stand at the first place of an id that stands twice, whichever was read first', () => {
    const recent = new RecentIdentities();
    recent.reset(10);
    recent.append(['a', 'b', 'a'] as EventId[], Infinity);
    expect(recent.revisionOf('a' as EventId)).toBe(10);
    recent.prepend(['b', 'c'] as EventId[]);
    expect(recent.revisionOf('b' as EventId)).toBe(8);
  });

  test('know which is the newest that was not shown', () => {
    const recent = new RecentIdentities();
    recent.reset(10);
    expect(recent.lastHidden).toBe(-1);
    recent.append([null, null, 'a'] as (EventId | null)[], Infinity);
    recent.prepend([null]);
    expect(recent.lastHidden).toBe(11);
    recent.reset(20);
    expect(recent.lastHidden).toBe(-1);
  });

  test('are forgotten from the old end, never of the newest 10,000, and never what is needed', () => {
    const step = 3_000;
    const needed = fc.integer({ min: 0, max: 20 * step });
    fc.assert(
      fc.property(needed, (from) => {
        const recent = new RecentIdentities();
        recent.reset(0);
        for (let to = step; to <= 20 * step; to += step) {
          recent.append(idsFrom(to - step, step), from);
          expect(recent.to).toBe(to);
          expect(recent.from).toBeLessThanOrEqual(Math.max(0, Math.min(from, to - NEWEST)));
          expect(recent.revisionOf(`id-${recent.from}` as EventId)).toBe(recent.from);
          expect(recent.revisionOf(`id-${recent.from - 1}` as EventId)).toBeUndefined();
        }
        expect(recent.size).toBeLessThanOrEqual(Math.max(3 * NEWEST, 20 * step - from + NEWEST));
      }),
      { numRuns: 20 },
    );
  });

  test('that stand twice are still known when the first place is forgotten', () => {
    const recent = new RecentIdentities();
    recent.reset(0);
    recent.append(['twice' as EventId, ...idsFrom(1, 2 * NEWEST - 2), 'twice' as EventId], Infinity);
    recent.append(idsFrom(2 * NEWEST, 10), Infinity);
    expect(recent.from).toBeGreaterThan(0);
    expect(recent.revisionOf('twice' as EventId)).toBe(2 * NEWEST - 1);
  });
});
