import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EntryRow } from '../../src/ledger/row.js';
import { addPlaces, type SegmentPlaces } from '../../src/read-model/payload-index.js';
import { termKey, termsOf } from '../../src/read-model/terms.js';
import { ROW, rowWith } from './entry-row.js';

const rowOf = (payload: unknown): EntryRow => rowWith(Buffer.from(JSON.stringify(payload)));

describe('the places of a segment', () => {
  it('are under the first 64 bits of the SHA-256 of each term', () => {
    const places: SegmentPlaces = new Map();
    const rows = [rowOf({ colour: 'red', note: 'é'.repeat(500) }), ROW, rowOf({ colour: 'red' })];
    for (const [place, row] of rows.entries()) addPlaces(places, row, place);

    const first64 = (term: string): bigint => createHash('sha256').update(term).digest().readBigInt64BE();
    const terms = [...new Set(rows.flatMap((row) => termsOf(row)))];
    const expected = terms.map((term) => [
      first64(term),
      rows.flatMap((row, place) => (termsOf(row).includes(term) ? [place] : [])),
    ]);
    expect([...places]).toEqual(expected);
    expect(places.get(first64('sorders'))).toEqual([0, 1, 2]);
  });

  it('are those of all terms that have one key, rising, each once: nothing hides behind another', () => {
    const payloads = fc.array(fc.dictionary(fc.string(), fc.string()), { maxLength: 20 });
    fc.assert(
      fc.property(payloads, (drawn) => {
        // only four keys for all of them
        const key = (term: string): bigint => termKey(term) & 3n;
        const rows = drawn.map(rowOf);
        const places: SegmentPlaces = new Map();
        for (const [place, row] of rows.entries()) addPlaces(places, row, place, key);

        for (const [at, found] of places) {
          const own = rows.flatMap((row, place) =>
            termsOf(row).some((term) => key(term) === at) ? [place] : [],
          );
          expect(found).toEqual(own);
        }
        expect(new Set(places.keys())).toEqual(new Set(rows.flatMap((row) => termsOf(row).map(key))));
      }),
    );
  });
});
