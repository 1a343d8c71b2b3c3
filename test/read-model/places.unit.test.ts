import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodePlaces, hasPlace, placesIn, SEGMENT } from '../../src/read-model/places.js';

const places = fc
  .uniqueArray(fc.nat(SEGMENT - 1), { maxLength: SEGMENT })
  .map((list) => list.sort((a, b) => a - b));

describe('the places of a term', () => {
  it('are read back as they were written, in at most 128 bytes', () => {
    fc.assert(
      fc.property(places, (list) => {
        const encoded = encodePlaces(list);
        expect(encoded.length).toBeLessThanOrEqual(SEGMENT / 8);
        expect(placesIn(encoded)).toEqual(list);
        const all = Array.from({ length: SEGMENT }, (_, place) => place);
        expect(all.filter((place) => hasPlace(encoded, place))).toEqual(list);
      }),
    );
  });

  it.each([0, 1, 63, 64, 65, SEGMENT])('are read back when there are %d of them', (count) => {
    const list = Array.from({ length: count }, (_, n) => n);
    expect(placesIn(encodePlaces(list))).toEqual(list);
  });

  it('are places of the segment, whatever bytes somebody put there', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(placesIn(Buffer.from(bytes)).every((place) => place >= 0 && place < SEGMENT)).toBe(true);
      }),
    );
  });
});
