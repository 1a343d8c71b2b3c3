import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LedgerError } from '../../src/ledger/error.js';
import { contentHash } from '../../src/ledger/entry.js';
import type { EntryRow } from '../../src/ledger/row.js';
import type { EventId, Position, RecordedEvent, Revision } from '../../src/ledger/types.js';
import { at } from './builders.js';
import { eventsOf, idOf, plainEvents, Stores } from './deep-memory.js';

const SIZE = 30;
const VICTIM = 13;

/** Replace an event of the log. */
function alterEvent(stores: Stores, index: number, members: Partial<RecordedEvent>): void {
  stores.events[index] = { ...at(stores.events, index), ...members };
}

/** Replace columns of a row. */
function alterRow(stores: Stores, index: number, columns: Partial<EntryRow>): void {
  stores.tables.rows[index] = { ...at(stores.tables.rows, index), ...columns };
}

/** The later events of the source get other revisions. */
function renumber(stores: Stores, source: string, from: number, by: number): void {
  stores.events = stores.events.map((event) =>
    event.source === source && event.revision >= from
      ? { ...event, revision: (event.revision + by) as Revision }
      : event,
  );
}

describe('a ledger and the log that it was made from', () => {
  it('agree', async () => {
    const stores = new Stores(plainEvents(SIZE));
    expect(await stores.verify()).toMatchObject({
      ...{ intact: true, mode: 'deep', checked: SIZE, size: SIZE, findings: [], findingsTotal: 0 },
    });
  });

  it('are compared without asking either for single places', async () => {
    const stores = new Stores(plainEvents(SIZE));
    await stores.verify();
    // one for each source's stream
    expect(stores.asked).toBeLessThanOrEqual(3);
  });

  it('agree when both are empty', async () => {
    expect(await new Stores([]).verify()).toMatchObject({ intact: true, mode: 'deep', size: 0 });
  });

  it('agree with foreign events, names that the door would not take, duplicates and gaps', async () => {
    const foreign = { data: Buffer.from([0xff, 0]), metadata: Buffer.alloc(0) };
    const events = eventsOf([
      ...[{}, { source: '$odd\u0000', ...foreign }, { type: '', ...foreign }],
      ...[
        { source: 'a', id: idOf(77) },
        { source: 'a', id: idOf(77), ...foreign },
        { source: 'b', id: idOf(77) },
      ],
      ...[
        { source: 'b', revision: 9 as Revision },
        { source: '$odd\u0000', ...foreign },
      ],
    ]);
    const { findings } = await new Stores(events).verify();
    expect(findings.map(({ code }) => code)).toEqual(['revision-gap']);
  });

  it('agree however far the log has gone on', async () => {
    const stores = new Stores(plainEvents(SIZE));
    stores.events.push(...plainEvents(SIZE + 5).slice(SIZE));
    expect(await stores.verify()).toMatchObject({ intact: true });
  });
});

describe('an altered ledger', () => {
  const columns: readonly Partial<EntryRow>[] = [
    ...[
      { id: idOf(999) },
      { source: 'source-9' },
      { type: 'other' },
      { revision: '77' },
      { verdict: 'rejected' },
    ],
    ...[
      { actor: 'mallory' },
      { recordedBy: null },
      { recordedAt: '1790000000001' },
      { occurredAt: '1790000000001' },
    ],
    ...[{ content: 'aa'.repeat(32) }, { previous: 'aa'.repeat(32) }, { previousInSource: 'aa'.repeat(32) }],
    ...[
      { hash: 'aa'.repeat(32) },
      { data: Buffer.from('{}') },
      { metadata: Buffer.from('{}') },
      { type: null },
    ],
    ...[{ schema: 'aa'.repeat(32) }],
  ];
  it.each(columns)('is named by the log: %o', async (altered) => {
    const stores = new Stores(plainEvents(SIZE));
    alterRow(stores, VICTIM, altered);
    expect(await stores.deepFindings()).toEqual([
      expect.objectContaining({ code: 'ledger-altered', store: 'ledger', index: VICTIM }),
    ]);
  });

  it('is named also when the last entry is it', async () => {
    const stores = new Stores(plainEvents(SIZE));
    alterRow(stores, SIZE - 1, { hash: 'aa'.repeat(32) });
    const [first, ...others] = await stores.deepFindings();
    expect(first).toMatchObject({ code: 'ledger-altered', store: 'ledger', index: SIZE - 1 });
    expect(others).toEqual([]);
  });

  it('is named when the altered entry was hashed again, but the chain was not', async () => {
    const events = plainEvents(SIZE);
    const stores = new Stores(events);
    const other = new Stores(
      events.map((event, n) => (n === VICTIM ? { ...event, data: Buffer.from('{}') } : event)),
    );
    alterRow(stores, VICTIM, at(other.tables.rows, VICTIM));
    expect(await stores.deepFindings()).toEqual([
      expect.objectContaining({ code: 'ledger-altered', store: 'ledger', index: VICTIM }),
    ]);
  });

  it('is told by the log when chain and heads were written anew, which only the log gives away', async () => {
    const events = plainEvents(SIZE);
    const stores = new Stores(events);
    stores.rewriteLedger(
      events.map((event, n) => (n === VICTIM ? { ...event, data: Buffer.from('{}') } : event)),
    );
    const report = await stores.verify();
    expect(report).toMatchObject({ intact: false, findingsTotal: 1 });
    expect(report.findings[0]).toMatchObject({
      ...{ code: 'log-altered', store: 'log', index: VICTIM },
      expected: contentHash(Buffer.from('{}'), at(events, VICTIM).metadata),
      detail: expect.stringContaining('or the ledger and its chain were written anew') as string,
    });
  });

  it('lacks an entry that the log has', async () => {
    const stores = new Stores(plainEvents(SIZE));
    stores.tables.rows.splice(VICTIM, 1);
    expect(await stores.deepFindings()).toEqual([
      expect.objectContaining({ code: 'unexpected-event', store: 'ledger', index: VICTIM, id: idOf(VICTIM) }),
    ]);
  });

  it('lacks its last entries', async () => {
    const stores = new Stores(plainEvents(SIZE));
    stores.tables.rows.splice(SIZE - 2);
    expect((await stores.deepFindings()).map(({ code, index, store }) => [code, index, store])).toEqual([
      ['unexpected-event', SIZE - 2, 'ledger'],
      ['unexpected-event', SIZE - 1, 'ledger'],
    ]);
  });

  it('lacks an entry, and was written anew without it', async () => {
    const events = plainEvents(SIZE);
    const stores = new Stores(events);
    stores.rewriteLedger(events.filter((_, n) => n !== VICTIM));
    expect(await stores.deepFindings()).toEqual([
      expect.objectContaining({ code: 'unexpected-event', store: 'log', index: null, id: idOf(VICTIM) }),
    ]);
  });

  it('has an entry too many, which nothing names', async () => {
    const events = plainEvents(SIZE);
    const stores = new Stores(events);
    const longer = new Stores([
      ...events.slice(0, VICTIM),
      { ...at(events, VICTIM), source: 'new', revision: 0 as Revision, id: idOf(999) },
    ]);
    const extra = at(longer.tables.rows, VICTIM);
    const later = stores.tables.rows
      .splice(VICTIM)
      .map((row) => ({ ...row, index: String(Number(row.index) + 1) }));
    stores.tables.rows.push(extra, ...later);
    const codes = (await stores.verify()).findings.filter(({ index }) => index === VICTIM);
    expect(codes).toContainEqual(
      expect.objectContaining({ code: 'missing-event', store: 'ledger', id: idOf(999) }),
    );
  });

  it('has two entries at each other’s index', async () => {
    const stores = new Stores(plainEvents(SIZE));
    const [a, b] = [at(stores.tables.rows, 5), at(stores.tables.rows, 20)];
    alterRow(stores, 5, { ...b, index: '5' });
    alterRow(stores, 20, { ...a, index: '20' });
    expect((await stores.deepFindings()).map(({ code, index, store }) => [code, index, store])).toEqual([
      ['event-order', 5, 'ledger'],
      ['event-order', 20, 'ledger'],
    ]);
  });

  it('states another position than that of its head', async () => {
    const stores = new Stores(plainEvents(SIZE));
    stores.head = { size: SIZE, position: '290' as Position };
    expect(await stores.deepFindings()).toContainEqual(
      expect.objectContaining({ code: 'head-mismatch', store: 'ledger' }),
    );
  });
});

describe('an altered log', () => {
  it('has other bytes than the entry, which holds', async () => {
    const stores = new Stores(plainEvents(SIZE));
    const data = Buffer.from('{"n":1313}');
    alterEvent(stores, VICTIM, { data });
    const { metadata } = at(stores.events, VICTIM);
    expect(await stores.deepFindings()).toEqual([
      expect.objectContaining({
        ...{ code: 'log-altered', store: 'log', index: VICTIM, id: idOf(VICTIM), source: 'source-1' },
        ...{ expected: at(stores.tables.rows, VICTIM).content, found: contentHash(data, metadata) },
      }),
    ]);
  });

  it.each([{ type: 'other' }, { metadata: Buffer.from('{}') }, { id: idOf(999) }])(
    'has another event than the entry, which holds: %o',
    async (altered) => {
      const stores = new Stores(plainEvents(SIZE));
      alterEvent(stores, VICTIM, altered);
      expect(await stores.deepFindings()).toEqual([
        expect.objectContaining({ code: 'log-altered', store: 'log', index: VICTIM }),
      ]);
    },
  );

  it.each([Buffer.alloc(8), Buffer.alloc(0)])(
    'has an event without its data: it was redacted',
    async (data) => {
      const stores = new Stores(plainEvents(SIZE));
      alterEvent(stores, VICTIM, { data });
      expect(await stores.deepFindings()).toEqual([
        expect.objectContaining({ code: 'log-redacted', store: 'log', index: VICTIM }),
      ]);
    },
  );

  it('and an altered ledger leave open which of them was right', async () => {
    const stores = new Stores(plainEvents(SIZE));
    alterEvent(stores, VICTIM, { data: Buffer.from('{"a":1}') });
    alterRow(stores, VICTIM, { data: Buffer.from('{"b":1}') });
    const [first, ...others] = await stores.deepFindings();
    expect(first).toMatchObject({ code: 'stores-differ', index: VICTIM });
    expect(first).not.toHaveProperty('store');
    expect(others).toEqual([]);
  });

  it('lacks an event', async () => {
    const stores = new Stores(plainEvents(SIZE));
    stores.events.splice(VICTIM, 1);
    expect(await stores.deepFindings()).toEqual([
      expect.objectContaining({ code: 'missing-event', store: 'log', index: VICTIM, id: idOf(VICTIM) }),
    ]);
  });

  it('lacks an event, and its stream was numbered anew', async () => {
    const stores = new Stores(plainEvents(SIZE));
    stores.events.splice(VICTIM, 1);
    renumber(stores, 'source-1', 4, -1);
    expect(await stores.deepFindings()).toEqual([
      expect.objectContaining({ code: 'missing-event', store: 'log', index: VICTIM, id: idOf(VICTIM) }),
    ]);
  });

  it('lacks the head entry’s event', async () => {
    const stores = new Stores(plainEvents(SIZE));
    stores.events.splice(SIZE - 1);
    expect(await stores.deepFindings()).toEqual([
      expect.objectContaining({ code: 'missing-event', store: 'log', index: SIZE - 1 }),
    ]);
  });

  it.each([0, VICTIM, SIZE - 1])(
    'has an event of a source of its own too many, before event %i',
    async (before) => {
      const stores = new Stores(plainEvents(SIZE));
      const position = String(Number(at(stores.events, before).position) - 5) as Position;
      const extra = {
        ...at(stores.events, before),
        position,
        source: 'new',
        revision: 0 as Revision,
        id: idOf(999),
      };
      stores.events.splice(before, 0, extra);
      expect(await stores.deepFindings()).toEqual([
        expect.objectContaining({
          code: 'unexpected-event',
          store: 'log',
          index: null,
          id: idOf(999),
          source: 'new',
        }),
      ]);
    },
  );

  it('has an event too many within a stream, which was numbered anew', async () => {
    const stores = new Stores(plainEvents(SIZE));
    renumber(stores, 'source-1', 4, 1);
    const position = String(Number(at(stores.events, VICTIM).position) - 5) as Position;
    stores.events.splice(VICTIM, 0, {
      ...at(stores.events, VICTIM),
      position,
      revision: 4 as Revision,
      id: idOf(999),
    });
    expect(await stores.deepFindings()).toEqual([
      expect.objectContaining({ code: 'unexpected-event', store: 'log', id: idOf(999) }),
    ]);
  });

  it.each([
    ['next to each other', 13, 14],
    ['far from each other', 4, 25],
    ['of one stream', 4, 16],
    ['at the ends', 0, SIZE - 1],
  ])('has two events at each other’s position: %s', async (_where, first, second) => {
    const stores = new Stores(plainEvents(SIZE));
    const [a, b] = [at(stores.events, first), at(stores.events, second)];
    stores.events[first] = { ...b, position: a.position };
    stores.events[second] = { ...a, position: b.position };
    expect((await stores.deepFindings()).map(({ code, index, store }) => [code, index, store])).toEqual(
      expect.arrayContaining([
        ['event-order', first, 'log'],
        ['event-order', second, 'log'],
      ]),
    );
  });

  it.each([
    ['next to each other in a stream', 13, 16],
    ['of one stream', 4, 25],
    ['of two streams', 4, 26],
  ])('has two events’ contents exchanged: %s', async (_where, first, second) => {
    const stores = new Stores(plainEvents(SIZE));
    const [a, b] = [at(stores.events, first), at(stores.events, second)];
    const contentOf = ({ id, type, data, metadata }: RecordedEvent) => ({ id, type, data, metadata });
    alterEvent(stores, first, contentOf(b));
    alterEvent(stores, second, contentOf(a));
    expect((await stores.deepFindings()).map(({ code, index, store }) => [code, index, store])).toEqual([
      ['event-order', first, 'log'],
      ['event-order', second, 'log'],
    ]);
  });

  it('has an event moved to another place', async () => {
    const stores = new Stores(plainEvents(SIZE));
    const event = at(stores.events.splice(5, 1), 0);
    stores.events.splice(20, 0, { ...event, position: '205' as Position });
    expect(
      (await stores.deepFindings()).every(({ code, store }) => code === 'event-order' && store === 'log'),
    ).toBe(true);
    expect(await stores.deepFindings()).toContainEqual(expect.objectContaining({ index: 5, found: '205' }));
  });
});

describe('a log that was truncated, deleted or replaced', () => {
  it.each(['truncated', 'deleted'] as const)(
    'does not show events that were %s and scavenged',
    async (reason) => {
      const stores = new Stores(plainEvents(SIZE));
      stores.hidden.set('source-1', { before: reason === 'deleted' ? Infinity : 4, reason });
      stores.events = stores.events.filter(
        ({ source, revision }) => source !== 'source-1' || (reason === 'truncated' && revision >= 4),
      );
      const lost = stores.tables.rows.filter(
        ({ source, revision }) => source === 'source-1' && (reason === 'deleted' || Number(revision) < 4),
      );
      const findings = await stores.deepFindings();
      expect(findings.map(({ index }) => index)).toEqual(lost.map(({ index }) => Number(index)));
      expect(new Set(findings.map(({ code, store }) => `${code} ${store ?? ''}`))).toEqual(
        new Set([`log-${reason} log`]),
      );
    },
  );

  it('is found before a scavenge, while the whole log still has the events', async () => {
    const stores = new Stores(plainEvents(SIZE));
    stores.hidden.set('source-1', { before: 4, reason: 'truncated' });
    expect(await stores.deepFindings()).toEqual([
      expect.objectContaining({ code: 'log-truncated', store: 'log', index: 1, expected: '0', found: '4' }),
    ]);
  });

  it('is asked a few times, however many of its events are gone', async () => {
    const stores = new Stores(eventsOf(Array.from({ length: 2_000 }, () => ({ source: 'gone' }))));
    stores.hidden.set('gone', { before: Infinity, reason: 'deleted' });
    stores.events = [];
    expect(await stores.verify()).toMatchObject({ findingsTotal: 2_000 });
    expect(stores.asked).toBeLessThan(10);
  });

  it('does not hide that verdicts are wrong: the ledger’s own bytes are judged', async () => {
    const stores = new Stores(plainEvents(SIZE));
    stores.judging = { judge: () => ({ verdict: 'rejected', schema: null }), learn: () => undefined };
    stores.hidden.set('source-1', { before: Infinity, reason: 'deleted' });
    stores.events = stores.events.filter(({ source }) => source !== 'source-1');
    const codes = (await stores.deepFindings())
      .filter(({ index }) => index === VICTIM)
      .map(({ code }) => code);
    expect(codes).toEqual(['log-deleted', 'verdict-mismatch']);
  });

  it('was restored from an older backup', async () => {
    const stores = new Stores(plainEvents(SIZE));
    stores.events.splice(20);
    const findings = await stores.deepFindings();
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'log-replaced', store: 'log', index: 20 }),
    );
    expect(findings.filter(({ code }) => code === 'missing-event')).toHaveLength(10);
  });

  it('was restored from an older backup and has gone on with other events', async () => {
    const stores = new Stores(plainEvents(SIZE));
    const others = stores.events.map((event, n) => (n < 20 ? event : { ...event, id: idOf(900 + n) }));
    stores.events = others;
    expect(await stores.deepFindings()).toContainEqual(
      expect.objectContaining({ code: 'log-replaced', store: 'log', index: 20 }),
    );
  });

  it('is another ledger’s', async () => {
    const stores = new Stores(plainEvents(SIZE));
    stores.events = stores.events.map((event, n) => ({
      ...event,
      id: idOf(900 + n),
      source: `other-${n % 2}`,
    }));
    const report = await stores.verify();
    expect(report.findings).toContainEqual(
      expect.objectContaining({ code: 'log-replaced', store: 'log', index: 0 }),
    );
  });

  it('is given up after a thousand entries without one event of theirs', async () => {
    const events = plainEvents(1_200);
    const stores = new Stores(events);
    stores.events = events.map((event) => ({ ...event, id: event.id.replace('0000', 'ffff') as EventId }));
    const report = await stores.verify();
    expect(report.findings).toContainEqual(expect.objectContaining({ code: 'log-replaced', index: 0 }));
    expect(report.notChecked).toEqual([expect.stringContaining('against the log')]);
    expect(report.checked).toBe(1_200);
  });
});

describe('verdicts', () => {
  it('are held to what the events give, also where the whole ledger was written anew', async () => {
    const stores = new Stores(plainEvents(SIZE));
    stores.judging = {
      judge: ({ id }) => ({ verdict: id === idOf(VICTIM) ? 'rejected' : 'accepted', schema: null }),
      learn: () => undefined,
    };
    expect(await stores.deepFindings()).toEqual([
      expect.objectContaining({
        ...{
          code: 'verdict-mismatch',
          store: 'ledger',
          index: VICTIM,
          expected: 'rejected',
          found: 'accepted',
        },
      }),
    ]);
  });

  it('of what the entry is, not of what the log was altered to, govern what follows', async () => {
    const stores = new Stores(plainEvents(SIZE));
    const learnt: string[] = [];
    stores.judging = { ...stores.judging, learn: ({ data }) => learnt.push(data.toString()) };
    alterEvent(stores, VICTIM, { data: Buffer.from('{"altered":true}') });
    await stores.verify();
    expect(learnt).toEqual(Array.from({ length: SIZE }, (_, n) => `{"n":${n}}`));
  });

  it('say duplicate where an earlier entry of the source has the id, and nowhere else', async () => {
    const stores = new Stores(eventsOf([{}, {}, {}, { id: idOf(0) }, { id: idOf(0), source: 'source-0' }]));
    expect(await stores.verify()).toMatchObject({ intact: true });
    stores.judging = { judge: () => ({ verdict: 'accepted', schema: null }), learn: () => undefined };
    expect((await stores.deepFindings()).map(({ code, index }) => [code, index])).toEqual([
      ['verdict-mismatch', 3],
      ['verdict-mismatch', 4],
    ]);
  });
});

describe('a log that fails on the way', () => {
  const error = new LedgerError('log-unavailable', 'the log went away');

  it('ends the verification when nothing was found', async () => {
    const stores = new Stores(plainEvents(SIZE));
    stores.breaks = { after: 20, error };
    await expect(stores.verify()).rejects.toThrow('the log went away');
  });

  it('does not hide what was found: the rest is said not to be checked', async () => {
    const stores = new Stores(plainEvents(SIZE));
    alterEvent(stores, 3, { data: Buffer.from('{"a":1}') });
    stores.breaks = { after: 20, error };
    const report = await stores.verify();
    expect(report).toMatchObject({ intact: false, checked: SIZE, findingsTotal: 1 });
    expect(report.notChecked).toEqual([expect.stringContaining('the log went away')]);
  });
});

describe('whatever is altered in the log', () => {
  /** Alterations are so far from each other that an event of each source stands between, and each is told by itself. */
  const APART = 12;
  const UNTOUCHED = [9, 10, 11, 12];
  const alteration = fc.record({
    kind: fc.constantFrom('changed' as const, 'removed' as const, 'inserted' as const, 'swapped' as const),
    index: fc.integer({ min: 0, max: 9 }).map((n) => n * APART + 3),
    by: fc.integer({ min: 1, max: 5 }),
    renumbered: fc.boolean(),
  });
  const isBefore = (a: RecordedEvent, b: RecordedEvent): boolean =>
    a.source === b.source && a.revision < b.revision;
  const sources = fc
    .array(fc.integer({ min: 0, max: 3 }), { minLength: 125, maxLength: 125 })
    .map((numbers) =>
      numbers.map((number, index) => {
        const source = UNTOUCHED.indexOf(index % APART || APART);
        return source < 0 ? number : source;
      }),
    );

  it('is found, each alteration at its place, and nothing else is', async () => {
    await fc.assert(
      fc.asyncProperty(
        sources,
        fc.uniqueArray(alteration, { minLength: 1, maxLength: 4, selector: ({ index }) => index }),
        async (numbers, alterations) => {
          const stores = new Stores(eventsOf(numbers.map((n) => ({ source: `source-${n}` }))));
          const expected: string[] = [];
          // from the end, so that indexes stay what they are
          for (const { kind, index, by, renumbered } of alterations.toSorted((a, b) => b.index - a.index)) {
            const event = at(stores.events, index);
            if (kind === 'changed') {
              alterEvent(stores, index, { data: Buffer.from('{"altered":true}') });
              expected.push(`log-altered ${index}`);
            } else if (kind === 'removed') {
              stores.events.splice(index, 1);
              if (renumbered) renumber(stores, event.source, event.revision, -1);
              // the first ones of a stream are gone: that is what a truncated stream looks like
              const begins = !renumbered && !stores.events.some((each) => isBefore(each, event));
              expected.push(`${begins ? 'log-truncated' : 'missing-event'} ${index}`);
            } else if (kind === 'inserted') {
              renumber(stores, event.source, event.revision, 1);
              const position = String(Number(event.position) - 5) as Position;
              stores.events.splice(index, 0, { ...event, position, id: idOf(1_000 + index) });
              expected.push(`unexpected-event ${idOf(1_000 + index)}`);
            } else {
              const other = at(stores.events, index + by);
              stores.events[index] = { ...other, position: event.position };
              stores.events[index + by] = { ...event, position: other.position };
              expected.push(`event-order ${index}`, `event-order ${index + by}`);
            }
          }
          const found = (await stores.deepFindings()).map(
            ({ code, index, id }) => `${code} ${index ?? id ?? ''}`,
          );
          expect(found.toSorted()).toEqual(expected.toSorted());
        },
      ),
      { numRuns: 60 },
    );
  }, 120_000);

  it('is found where an event was taken out and another one put in, with none of its stream between', async () => {
    const numbers = Array.from({ length: SIZE }, (_, n) => (n === VICTIM || n === VICTIM + 9 ? 1 : 0));
    const stores = new Stores(eventsOf(numbers.map((n) => ({ source: `source-${n}` }))));
    const [victim, next] = [at(stores.events, VICTIM), at(stores.events, VICTIM + 9)];
    const position = String(Number(next.position) - 5) as Position;
    stores.events.splice(VICTIM + 9, 0, { ...victim, position, id: idOf(1_000) });
    stores.events.splice(VICTIM, 1);
    // nothing tells them from one that was altered and stands later
    expect(await stores.deepFindings()).toContainEqual(
      expect.objectContaining({ code: 'log-altered', store: 'log', index: VICTIM }),
    );
  });
});
