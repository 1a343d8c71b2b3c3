import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chainEvents } from '../../src/ledger/chain.js';
import type { Chained } from '../../src/ledger/chain.js';
import { entryHash, headerBytes } from '../../src/ledger/entry.js';
import { NO_HASH } from '../../src/ledger/types.js';
import type { Head, JudgedEvent, Revision, SourceHead, Verdict } from '../../src/ledger/types.js';
import { judged } from './events.js';

const EMPTY: Head = { size: 0, hash: NO_HASH };
const at = (revision: number): Revision => revision as Revision;

const chain = (
  events: readonly JudgedEvent[],
  head = EMPTY,
  heads = new Map<string, SourceHead>(),
): Chained => chainEvents({ head, sourceHeads: heads, judged: events });

/** Events of a few sources, their revisions rising, sometimes by more than one. */
const events = fc
  .array(
    fc.record({
      source: fc.constantFrom('a', 'b', '', '\0', 'x'.repeat(600), '_schemas'),
      skip: fc.constantFrom(0, 0, 0, 5),
      verdict: fc.constantFrom<Verdict>('accepted', 'rejected', 'duplicate'),
      data: fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
    }),
    { maxLength: 12 },
  )
  .map((drafts) => {
    const next = new Map<string, number>();
    return drafts.map(({ source, skip, verdict, data }) => {
      const revision = (next.get(source) ?? 0) + skip;
      next.set(source, revision + 1);
      return judged({ source, revision: at(revision), data }, verdict);
    });
  });

describe('the chain', () => {
  it('starts with 64 zeros and no entry before it in its source', () => {
    const { entries } = chain([judged()]);
    expect(entries[0]?.header).toMatchObject({ index: 0, previous: '0'.repeat(64), previousInSource: null });
  });

  it('links every entry to the one before it, and to the one before it in its source', () => {
    fc.assert(
      fc.property(events, (list) => {
        const { entries, head } = chain(list);
        const last = new Map<string, string>();
        let previous: string = NO_HASH;
        entries.forEach((entry, index) => {
          expect(entry.header.index).toBe(index);
          expect(entry.header.previous).toBe(previous);
          expect(entry.header.previousInSource).toBe(last.get(entry.header.source) ?? null);
          expect(entry.hash).toBe(entryHash(headerBytes(entry.header)));
          previous = entry.hash;
          last.set(entry.header.source, entry.hash);
        });
        expect(head).toEqual({ size: list.length, hash: previous });
      }),
    );
  });

  it('is the same whatever the batches', () => {
    fc.assert(
      fc.property(events, fc.nat(12), (list, cut) => {
        const whole = chain(list);
        const first = chain(list.slice(0, cut));
        const second = chain(list.slice(cut), first.head, new Map(first.sourceHeads));
        expect([...first.entries, ...second.entries]).toEqual(whole.entries);
        expect(second.head).toEqual(whole.head);
        expect(new Map([...first.sourceHeads, ...second.sourceHeads])).toEqual(whole.sourceHeads);
      }),
    );
  });

  it('chains rejected events and duplicates like any other', () => {
    const { entries } = chain([judged({}, 'rejected'), judged({ revision: at(1) }, 'duplicate')]);
    expect(entries.map((entry) => entry.header.verdict)).toEqual(['rejected', 'duplicate']);
  });

  it('keeps the recorded bytes as they are', () => {
    const data = Buffer.from([0xff, 0x00]);
    expect(chain([judged({ data, metadata: data })]).entries[0]).toMatchObject({ data, metadata: data });
  });

  it('moves the heads of the sources that have entries, and only those', () => {
    const first = chain([judged({ source: 'a' }), judged({ source: 'b' })]);
    const second = chain([judged({ source: 'a', revision: at(7) })], first.head, new Map(first.sourceHeads));
    expect([...second.sourceHeads.keys()]).toEqual(['a']);
    expect(second.sourceHeads.get('a')).toEqual({
      source: 'a',
      count: 2,
      lastRevision: 7,
      lastHash: second.head.hash,
      lastIndex: 2,
      firstRecordedAt: '2026-11-20T10:00:01.000Z',
      lastRecordedAt: '2026-11-20T10:00:01.000Z',
    });
    expect(first.sourceHeads.get('a')?.count).toBe(1);
  });

  it('refuses to chain an event twice', () => {
    expect(() => chain([judged(), judged()])).toThrow(expect.objectContaining({ code: 'internal' }));
  });

  it('depends on every value of an event that the ledger keeps', () => {
    const changes = [
      { source: 'b' },
      { type: 'other' },
      { revision: at(1) },
      { id: '01920000-0000-7000-8000-000000000002' as never },
      { data: Buffer.from('1') },
      { metadata: Buffer.from('1') },
    ];
    const heads = [{}, ...changes].map((members) => chain([judged(members)]).head.hash);
    expect(new Set([...heads, chain([judged({}, 'rejected')]).head.hash]).size).toBe(8);
  });
});
