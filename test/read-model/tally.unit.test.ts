import { describe, expect, it } from 'vitest';
import { NameCounts } from '../../src/read-model/name-counts.js';
import { RecentSeconds } from '../../src/read-model/recent-seconds.js';

describe('counts of names', () => {
  it('tell the most frequent ones, and how many entries the rest has', () => {
    const counts = new NameCounts();
    for (let n = 1; n <= 25; n += 1) counts.add(`name-${n}`, n % 2 === 0 ? 'accepted' : 'rejected', n);
    counts.add('name-25', 'duplicate', 3);
    const { most, others } = counts.ranking();
    expect(most).toHaveLength(20);
    expect(most[0]).toEqual({
      name: 'name-25',
      events: 28,
      verdicts: { accepted: 0, rejected: 25, duplicate: 3 },
    });
    expect(others).toBe(1 + 2 + 3 + 4 + 5);
  });

  it('lose no entry, and stay small, however many names there are', () => {
    const counts = new NameCounts();
    counts.add('first', 'accepted', 1);
    for (let n = 0; n < 20_000; n += 1) counts.add(`name-${n}`, 'accepted', 1);
    counts.add('first', 'accepted', 1);
    const { most, others } = counts.ranking();
    expect(most[0]).toMatchObject({ name: 'first', events: 2 });
    expect(most.reduce((sum, { events }) => sum + events, others)).toBe(20_002);
  });
});

describe('counts of seconds', () => {
  const now = 1_800_000_000;

  it('are those of the last minute, hour and day', () => {
    const seconds = new RecentSeconds();
    for (const age of [0, 59, 60, 3_599, 3_600, 86_399, 86_400]) seconds.add(now - age, 10, now);
    expect(seconds.counts(now)).toEqual({ minute: 20, hour: 40, day: 60 });
    expect(seconds.counts(now + 1)).toEqual({ minute: 10, hour: 30, day: 50 });
    expect(seconds.counts(now + 86_400)).toEqual({ minute: 0, hour: 0, day: 0 });
  });

  it('wait for times that a clock a little ahead gave, and for no others', () => {
    const seconds = new RecentSeconds();
    seconds.add(now + 30, 1, now);
    seconds.add(now + 4_000, 1, now);
    expect(seconds.counts(now)).toEqual({ minute: 0, hour: 0, day: 0 });
    expect(seconds.counts(now + 4_000)).toEqual({ minute: 0, hour: 0, day: 1 });
  });
});
