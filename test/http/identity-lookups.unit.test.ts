import pino from 'pino';
import { describe, expect, it, vi } from 'vitest';
import { IdentityLookups } from '../../src/http/identity-lookups.js';
import { LedgerError } from '../../src/ledger/error.js';
import type { Entry, EventId, Index, Revision } from '../../src/ledger/types.js';
import type { KnownIdentities, LedgerReader } from '../../src/read-model/port.js';
import { collect } from '../support/event-log.js';

/** What the ledger says of one source. */
type Each = (source: string, ids: readonly EventId[]) => Promise<KnownIdentities>;

const logger = pino({ level: 'silent' });
const id = (n: number): EventId => `id-${n}` as EventId;
const unavailable = (): Promise<never> => Promise.reject(new LedgerError('store-unavailable', 'gone'));

function known(lastRevision: number | null): KnownIdentities {
  return { places: new Map(), lastRevision: lastRevision as Revision | null };
}

function lookupsOf(each: Each, entriesAt: LedgerReader['entriesAt'] = noEntries): IdentityLookups {
  const identities: LedgerReader['identities'] = (questions) =>
    Promise.all(questions.map(({ source, ids }) => each(source, ids)));
  return new IdentityLookups({ identities, entriesAt }, logger);
}

async function* noEntries(): AsyncGenerator<readonly Entry[]> {
  await Promise.resolve();
  yield [];
}

describe('looking up identities in the ledger', () => {
  it('questions about one source that come together are asked together, others beside them', async () => {
    const asked: [string, number][] = [];
    const identities: Each = async (source, ids) => {
      asked.push([source, ids.length]);
      await new Promise((resolve) => setImmediate(resolve));
      return known(7);
    };
    const lookups = lookupsOf(identities);
    const first = lookups.find('a', [id(0)]);
    await new Promise((resolve) => setImmediate(resolve));
    const others = Array.from({ length: 50 }, (_, n) => lookups.find('a', [id(n), id(n + 1)]));
    const answers = await Promise.all([first, ...others, lookups.find('b', [id(1)])]);
    expect(asked).toEqual([
      ['a', 1],
      ['b', 1],
      ['a', 51],
    ]);
    expect(answers.every(({ since }) => since === 8)).toBe(true);
  });

  it('a source that the ledger does not have is looked through in the log from its start', async () => {
    const lookups = lookupsOf(() => Promise.resolve(known(null)));
    expect((await lookups.find('a', [id(1)])).since).toBe(0);
  });

  it('while the ledger cannot be asked, what this process knows of it counts', async () => {
    let answer: () => Promise<KnownIdentities> = () => Promise.resolve(known(41));
    const lookups = lookupsOf(() => answer());
    await lookups.find('a', [id(1)]);
    answer = unavailable;
    expect((await lookups.find('a', [id(1)])).since).toBe(42);
    expect((await lookups.find('b', [id(1)])).since).toBeNull();
  });

  it('a connection that died while idle is no outage: it is asked twice', async () => {
    let failures = 1;
    const identities: Each = () => (failures-- > 0 ? unavailable() : Promise.resolve(known(3)));
    expect((await lookupsOf(identities).find('a', [id(1)])).since).toBe(4);
  });

  it('when the ledger is gone, nobody waits in line for it', async () => {
    let asked = 0;
    const identities = async (): Promise<never> => {
      asked++;
      await new Promise((resolve) => setImmediate(resolve));
      return unavailable();
    };
    const lookups = new IdentityLookups({ identities, entriesAt: noEntries }, logger);
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, n) =>
        lookups.find(
          `source ${n}`,
          Array.from({ length: 10 }, (_each, m) => id(10 * n + m)),
        ),
      ),
    );
    expect(answers.every(({ since }) => since === null)).toBe(true);
    // eight at once and a few by themselves, each asked again
    expect(asked).toBeLessThan(50);
  });

  it('a ledger that does not answer is not waited for longer than a producer should wait', async () => {
    vi.useFakeTimers();
    try {
      const answer = lookupsOf(() => new Promise(() => undefined)).find('a', [id(1)]);
      await vi.advanceTimersByTimeAsync(3_000);
      expect(await answer).toEqual({ places: new Map(), since: null });
    } finally {
      vi.useRealTimers();
    }
  });

  it('a question that fails for itself alone fails nobody else’s', async () => {
    const identities: Each = async (source) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (source === 'large') throw new LedgerError('too-slow', 'too much at once');
      return known(3);
    };
    const lookups = lookupsOf(identities);
    const sources = ['large', ...Array.from({ length: 50 }, (_, n) => `source ${n}`)];
    const [large, ...others] = await Promise.all(sources.map((source) => lookups.find(source, [id(1)])));
    expect(large?.since).toBeNull();
    expect(others.every(({ since }) => since === 4)).toBe(true);
  });

  it('entries are given as far as the ledger can be asked', async () => {
    const [first, second] = [{}, {}] as Entry[];
    const gone: LedgerReader['entriesAt'] = async function* () {
      if (first !== undefined && second !== undefined) yield [first, second];
      await unavailable();
    };
    const lookups = lookupsOf(unavailable, gone);
    expect(await collect(lookups.read([0, 1, 2] as Index[]))).toEqual([first, second]);
  });

  it('a bug is not taken for an outage', async () => {
    const identities: Each = () => Promise.reject(new LedgerError('internal', 'a bug'));
    await expect(lookupsOf(identities).find('a', [id(1)])).rejects.toThrow('a bug');
  });
});
