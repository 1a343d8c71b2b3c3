import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addPlaces, encodePlaces, SEGMENT } from '../../src/read-model/places.js';

const places = fc
  .uniqueArray(fc.nat(SEGMENT - 1), { maxLength: SEGMENT })
  .map((list) => list.sort((a, b) => a - b));

function decoded(encoded: Buffer): readonly number[] {
  const found = new Set<number>();
  addPlaces(encoded, found);
  return [...found].sort((a, b) => a - b);
}

describe('the places of a term', () => {
  it('are read back as they were written, in at most 128 bytes', () => {
    fc.assert(
      fc.property(places, (list) => {
        const encoded = encodePlaces(list);
        expect(encoded.length).toBeLessThanOrEqual(SEGMENT / 8);
        expect(decoded(encoded)).toEqual(list);
      }),
    );
  });

  it.each([0, 1, 63, 64, 65, SEGMENT])('are read back when there are %d of them', (count) => {
    const list = Array.from({ length: count }, (_, n) => n);
    expect(decoded(encodePlaces(list))).toEqual(list);
  });

  it('are places of the segment, whatever bytes somebody put there', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decoded(Buffer.from(bytes)).every((place) => place >= 0 && place < SEGMENT)).toBe(true);
      }),
    );
  });
});
