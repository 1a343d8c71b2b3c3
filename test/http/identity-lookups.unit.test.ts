import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { IdentityLookups } from '../../src/http/identity-lookups.js';
import { LedgerError } from '../../src/ledger/error.js';
import type { EventId, Revision } from '../../src/ledger/types.js';
import type { KnownIdentities, LedgerReader } from '../../src/read-model/port.js';

type Ask = LedgerReader['identities'];

const logger = pino({ level: 'silent' });
const id = (n: number): EventId => `id-${n}` as EventId;
const unavailable = (): Promise<never> => Promise.reject(new LedgerError('store-unavailable', 'gone'));

function known(lastRevision: number | null): KnownIdentities {
  return { entries: new Map(), lastRevision: lastRevision as Revision | null };
}

describe('looking up identities in the ledger', () => {
  it('questions about one source that come together are asked together, others beside them', async () => {
    const asked: [string, number][] = [];
    const identities: Ask = async (source, ids) => {
      asked.push([source, ids.length]);
      await new Promise((resolve) => setImmediate(resolve));
      return known(7);
    };
    const lookups = new IdentityLookups({ identities }, logger);
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
    const lookups = new IdentityLookups({ identities: () => Promise.resolve(known(null)) }, logger);
    expect((await lookups.find('a', [id(1)])).since).toBe(0);
  });

  it('while the ledger cannot be asked, what this process knows of it counts', async () => {
    let answer: () => Promise<KnownIdentities> = () => Promise.resolve(known(41));
    const lookups = new IdentityLookups({ identities: () => answer() }, logger);
    await lookups.find('a', [id(1)]);
    answer = unavailable;
    expect((await lookups.find('a', [id(1)])).since).toBe(42);
    expect((await lookups.find('b', [id(1)])).since).toBeNull();
  });

  it('a connection that died while idle is no outage: it is asked twice', async () => {
    let failures = 1;
    const identities: Ask = () => (failures-- > 0 ? unavailable() : Promise.resolve(known(3)));
    expect((await new IdentityLookups({ identities }, logger).find('a', [id(1)])).since).toBe(4);
  });

  it('when the ledger is gone, nobody waits in line for it', async () => {
    let asked = 0;
    const identities: Ask = async () => {
      asked++;
      await new Promise((resolve) => setImmediate(resolve));
      return unavailable();
    };
    const lookups = new IdentityLookups({ identities }, logger);
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, n) => lookups.find(`source ${n}`, [id(n)])),
    );
    expect(answers.every(({ since }) => since === null)).toBe(true);
    expect(asked).toBeLessThan(50);
  });

  it('a question that fails for itself alone fails nobody else’s', async () => {
    const identities: Ask = async (source) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (source === 'large') throw new LedgerError('too-slow', 'too much at once');
      return known(3);
    };
    const lookups = new IdentityLookups({ identities }, logger);
    const sources = ['large', ...Array.from({ length: 50 }, (_, n) => `source ${n}`)];
    const [large, ...others] = await Promise.all(sources.map((source) => lookups.find(source, [id(1)])));
    expect(large?.since).toBeNull();
    expect(others.every(({ since }) => since === 4)).toBe(true);
  });

  it('a bug is not taken for an outage', async () => {
    const identities: Ask = () => Promise.reject(new LedgerError('internal', 'a bug'));
    await expect(new IdentityLookups({ identities }, logger).find('a', [id(1)])).rejects.toThrow('a bug');
  });
});
