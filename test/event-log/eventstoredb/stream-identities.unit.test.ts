import { describe, expect, test } from 'vitest';
import { StreamIdentities } from '../../../src/event-log/eventstoredb/stream-identities.js';
import type { EventId, Instant, Revision, StreamEvent } from '../../../src/ledger/types.js';

/** A stream of events called `id-<revision>`, and how many of them were read. */
class FakeReader {
  readonly ids: (EventId | null)[] = [];
  read = 0;

  grow(count: number, name = 'id'): this {
    for (let n = 0; n < count; n += 1) this.ids.push(`${name}-${this.ids.length}` as EventId);
    return this;
  }

  get head(): number {
    return this.ids.length - 1;
  }

  async *source(
    source: string,
    { from = 0, limit = Infinity }: { readonly from?: number; readonly limit?: number } = {},
  ): AsyncGenerator<StreamEvent, void, undefined> {
    await Promise.resolve();
    for (let revision = from, left = limit; revision < this.ids.length && left > 0; revision += 1) {
      const id = this.ids[revision];
      if (id === null || id === undefined) continue;
      left -= 1;
      this.read += 1;
      yield eventOf(source, revision, id);
    }
  }
}

function eventOf(source: string, revision: number, id: EventId): StreamEvent {
  const bytes = Buffer.alloc(0);
  const loggedAt = '2026-11-20T10:00:00.000Z' as Instant;
  return {
    position: null,
    source,
    revision: revision as Revision,
    id,
    type: 't',
    data: bytes,
    metadata: bytes,
    loggedAt,
  };
}

const ids = (...names: readonly string[]): ReadonlySet<EventId> => new Set(names as readonly EventId[]);
const from = (since: number | null) => ({ since, newest: since === null });
const always = (): boolean => true;

async function found(
  identities: StreamIdentities,
  reader: FakeReader,
  since: number | null,
  ...names: readonly string[]
): Promise<readonly (readonly [string, number | null])[]> {
  const { places } = await identities.find(ids(...names), from(since), reader.head, always);
  return [...places].map(([id, { revision, shown }]) => [id, shown ? revision : null]);
}

describe('the identities of a stream', () => {
  test('are read once from where they must be looked for, and then only what is new', async () => {
    const reader = new FakeReader().grow(500);
    const identities = new StreamIdentities('a', reader);
    expect(await found(identities, reader, 400, 'id-450', 'id-3', 'other')).toEqual([['id-450', 450]]);
    expect(reader.read).toBe(101);
    reader.grow(10);
    expect(await found(identities, reader, 400, 'id-505')).toEqual([['id-505', 505]]);
    // the ten, the one before them, which must be the same still, and the event
    expect(reader.read).toBe(101 + 12);
  });

  test('are the newest 10,000 for who does not know where to look from', async () => {
    const reader = new FakeReader().grow(25_000);
    const identities = new StreamIdentities('a', reader);
    expect(await found(identities, reader, null, 'id-15000', 'id-14999')).toEqual([['id-15000', 15_000]]);
  });

  test('of what was just written are not read', async () => {
    const reader = new FakeReader().grow(100);
    const identities = new StreamIdentities('a', reader);
    identities.wrote(['id-98', 'id-99'] as EventId[], 99, from(98));
    expect(await found(identities, reader, 98, 'other')).toEqual([]);
    expect(reader.read).toBe(0);
  });

  test('that stand together are read together', async () => {
    const reader = new FakeReader().grow(1_000);
    const identities = new StreamIdentities('a', reader);
    await found(identities, reader, 0, 'other');
    reader.read = 0;
    expect(await found(identities, reader, 0, 'id-900', 'id-5', 'id-7', 'id-8')).toHaveLength(4);
    expect(reader.read).toBeLessThan(10);
  });

  test('are said to be hidden where the server does not show them', async () => {
    const reader = new FakeReader().grow(50);
    reader.ids[20] = null;
    const identities = new StreamIdentities('a', reader);
    const { lastHidden } = await identities.find(ids('other'), from(10), reader.head, always);
    expect(lastHidden).toBe(20);
    await found(identities, reader, 0, 'id-30');
    reader.ids[30] = null;
    expect(await found(identities, reader, 0, 'id-30')).toEqual([['id-30', null]]);
  });

  test('are read anew of a stream that is shorter, or goes on otherwise, or holds others', async () => {
    const changes: readonly ((reader: FakeReader) => void)[] = [
      ({ ids: all }) => all.splice(40),
      (reader) => {
        reader.ids.splice(40);
        reader.grow(20, 'new');
      },
      (reader) => {
        reader.ids.splice(40);
        reader.grow(10, 'new');
      },
    ];
    for (const change of changes) {
      const reader = new FakeReader().grow(50);
      const identities = new StreamIdentities('a', reader);
      expect(await found(identities, reader, 0, 'id-45')).toEqual([['id-45', 45]]);
      change(reader);
      expect(await found(identities, reader, 0, 'id-45', 'id-39')).toEqual([['id-39', 39]]);
    }
  });

  test('are read a piece at a time, which nobody has to wait for in one go', async () => {
    const reader = new FakeReader().grow(35_000);
    const identities = new StreamIdentities('a', reader);
    let steps = 0;
    const patience = (): boolean => (steps += 1) % 2 === 1;
    const attempt = (): Promise<unknown> => identities.find(ids('id-0'), from(0), reader.head, patience);
    await expect(attempt()).rejects.toMatchObject({ code: 'log-unavailable' });
    await expect(attempt()).rejects.toMatchObject({ code: 'log-unavailable' });
    expect(reader.read).toBe(20_000);
    expect(await found(identities, reader, 0, 'id-0')).toEqual([['id-0', 0]]);
    expect(reader.read).toBe(35_001);
  });

  test('are not looked for through more of a stream than memory should hold', async () => {
    const identities = new StreamIdentities('a', new FakeReader());
    await expect(identities.find(ids('x'), from(0), 1_000_000, always)).rejects.toMatchObject({
      code: 'log-unavailable',
      message: expect.stringContaining('behind') as string,
    });
  });
});
