import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes, canonicalJson } from '../../src/ledger/canonical-json.js';
import { bytesMatch } from '../../src/ledger/filter-match.js';
import { NO_FILTERS, type PayloadFilter } from '../../src/ledger/filters.js';
import { encodeMetadata } from '../../src/ledger/metadata.js';
import type { EntryRow } from '../../src/ledger/row.js';
import type { Json } from '../../src/ledger/types.js';
import { termGroups, termKey, termsOf, UNINDEXED, UNINDEXED_SUBJECT } from '../../src/read-model/terms.js';
import { metadata } from '../ledger/events.js';
import { iJson } from '../ledger/json-arbitraries.js';
import { ROW, rowWith } from './entry-row.js';

/** Every scalar in a value, as the filter that asks for it. */
function filtersOf(value: Json, path: readonly string[] = []): readonly PayloadFilter[] {
  if (typeof value !== 'object' || value === null) return [{ path, values: [canonicalJson(value)] }];
  return Object.entries<Json>(value as Record<string, Json>).flatMap(([token, item]) =>
    filtersOf(item, [...path, token]),
  );
}

describe('the terms of an entry', () => {
  it('have one in each group of every filter that it matches', () => {
    const filters = {
      ...NO_FILTERS,
      sources: ['other', 'orders'],
      types: ['order.placed'],
      recordedBy: ['admin'],
      verdicts: ['accepted' as const],
      subjects: ['customer-1'],
    };
    const terms = new Set(termsOf(ROW));
    expect(termGroups(filters)).toHaveLength(5);
    for (const group of termGroups(filters)) expect(group.some((term) => terms.has(term))).toBe(true);
  });

  it('have a term for every scalar of the payload that a filter can ask for', () => {
    fc.assert(
      fc.property(iJson, (value) => {
        const data = canonicalBytes(value);
        const terms = new Set(termsOf(rowWith(data)));
        for (const filter of filtersOf(value)) {
          expect(bytesMatch({ subjects: [], payload: [filter] }, data, Buffer.alloc(0))).toBe(true);
          const [group = []] = termGroups({ ...NO_FILTERS, payload: [filter] });
          expect(group.some((term) => terms.has(term))).toBe(true);
        }
      }),
    );
  });

  it('tell places and values apart', () => {
    const termOf = (value: Json): string | undefined =>
      termsOf(rowWith(canonicalBytes(value))).find((term) => term.startsWith('p'));
    const different: Json[] = [
      1,
      '1',
      [1],
      { a: 1 },
      { '': 1 },
      { a: { b: 1 } },
      { 'a/b': 1 },
      { b: 1 },
      { a: 11 },
    ];
    expect(new Set(different.map(termOf)).size).toBe(different.length);
    expect(termOf([7])).toBe(termOf({ 0: 7 }));
  });

  it.each([
    ['no JSON', Buffer.from('{"a":')],
    ['no UTF-8', Buffer.of(0xff, 0xfe)],
    ['nothing', Buffer.alloc(0)],
  ])('are none for a payload that is %s', (_, data) => {
    expect(termsOf(rowWith(data)).filter((term) => term.startsWith('p') || term === UNINDEXED)).toEqual([]);
  });

  it.each([
    ['too many scalars', canonicalBytes(Array.from({ length: 2000 }, (_, n) => n))],
    ['too many bytes', Buffer.from(JSON.stringify('x'.repeat(1024 * 1024)))],
    [
      'too many characters in all paths together',
      canonicalBytes({ ['x'.repeat(10_000)]: Array.from({ length: 200 }, (_, n) => n) }),
    ],
    ['too many levels', Buffer.from(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)],
  ])('are the one that every query about payloads proposes, for %s', (_, data) => {
    expect(termsOf(rowWith(data))).toContain(UNINDEXED);
    expect(termGroups({ ...NO_FILTERS, payload: [{ path: ['a'], values: ['1'] }] })[0]).toContain(UNINDEXED);
  });

  it('are the one that every query about subjects proposes, for metadata that are too large', () => {
    const large = encodeMetadata(metadata({ subject: 'customer-1', context: 'x'.repeat(1024 * 1024) }));
    expect(termsOf({ ...ROW, metadata: large })).toContain(UNINDEXED_SUBJECT);
    expect(termGroups({ ...NO_FILTERS, subjects: ['customer-1'] })[0]).toContain(UNINDEXED_SUBJECT);
    expect(termsOf(ROW)).not.toContain(UNINDEXED_SUBJECT);
  });

  it.each(['"\\u0000"', '"\\ud800"', '1e200000', '-0', '{"__proto__":1}', '{"a":1,"a":2}'])(
    'are found without failing in %s',
    (text) => {
      expect(() => termsOf(rowWith(Buffer.from(text)))).not.toThrow();
    },
  );

  it('are found in rows that hold nothing at all', () => {
    const empty = Object.fromEntries(Object.keys(ROW).map((member) => [member, null])) as unknown as EntryRow;
    expect(termsOf(empty)).toEqual([]);
  });
});

describe('the key of a term', () => {
  it('is a number that a bigint column holds', () => {
    fc.assert(
      fc.property(fc.string(), (term) => {
        expect(BigInt.asIntN(64, termKey(term))).toBe(termKey(term));
      }),
    );
  });
});
