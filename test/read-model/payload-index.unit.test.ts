import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placesByKey } from '../../src/read-model/payload-index.js';
import { termKey } from '../../src/read-model/terms.js';

describe('the places of terms by their keys', () => {
  const terms = new Map([
    ['p"red"/colour', [1, 5, 9]],
    ['p"blue"/colour', [2, 5]],
    ['tbilling.paid', [0]],
  ]);

  it('are those of each term, under the first 64 bits of its SHA-256', () => {
    const first64 = (term: string): bigint => createHash('sha256').update(term).digest().readBigInt64BE();
    expect([...placesByKey(terms)]).toEqual([...terms].map(([term, places]) => [first64(term), places]));
  });

  it('are the same for a long term, of which the key is kept', () => {
    const long = `p"${'x'.repeat(1_000)}"/text`;
    expect([...placesByKey(new Map([[`#${termKey(long)}`, [3]]]))]).toEqual([[termKey(long), [3]]]);
  });

  it('are those of all terms that have one key, rising, each once: nothing hides behind another', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.uniqueArray(fc.nat(1_023))), (drawn) => {
        const kept = Object.entries(drawn).map(
          ([term, places]) => [term, places.toSorted((a, b) => a - b)] as const,
        );
        // only four keys for all of them
        const key = (term: string): bigint => termKey(term) & 3n;
        const byKey = placesByKey(new Map(kept), key);
        for (const [at, places] of byKey) {
          const all = new Set(kept.filter(([term]) => key(term) === at).flatMap(([, own]) => own));
          expect(places).toEqual([...all].sort((a, b) => a - b));
        }
        expect(new Set(byKey.keys())).toEqual(new Set(kept.map(([term]) => key(term))));
      }),
    );
  });
});
