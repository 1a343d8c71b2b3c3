import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DigestCounter } from '../../src/cli/digest-counter.js';

describe('a counter of digests', () => {
  it('says of each digest how often it came before, however many others came in between', () => {
    const counter = new DigestCounter();
    const expected = new Map<number, number>();
    for (let n = 0; n < 40_000; n += 1) {
      const which = (n * 7_919) % 13_007;
      const before = expected.get(which) ?? 0;
      expected.set(which, before + 1);
      expect(counter.count(createHash('sha256').update(String(which)).digest())).toBe(before);
    }
  });

  it('tells digests apart that begin alike, zeros included', () => {
    const counter = new DigestCounter();
    const digests = [0, 1, 2].map((last) => Buffer.concat([Buffer.alloc(11), Buffer.from([last])]));
    expect([...digests, ...digests].map((digest) => counter.count(digest))).toEqual([0, 0, 0, 1, 1, 1]);
  });
});
