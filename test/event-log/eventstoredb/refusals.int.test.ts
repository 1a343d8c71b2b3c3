/** Events that the server never takes, among those that it does. */
import { describe, expect, test } from 'vitest';
import { candidate, candidates, revisions } from '../../support/event-log.js';
import { newSource } from '../contract/log-under-test.js';
import { setUp, statuses } from './stand.js';

const NIL = '00000000-0000-0000-0000-000000000000';

/** What cannot be taken, and how the server says so. */
const CULPRITS = {
  'the nil UUID (2)': () => candidate({ id: NIL }),
  'an empty type (2)': () => candidate({ type: '' }),
  'more data than an append may bring (3)': () => candidate({ data: Buffer.alloc(1_100_000, ' ') }),
};

describe('an event that the server refuses', () => {
  const stand = setUp();

  test.each(Object.entries(CULPRITS))(
    'alone is refused, of a batch and of all that travel with it: %s',
    async (_name, culprit) => {
      const log = stand.open();
      const source = newSource();
      const [first, second] = await Promise.all([
        log.append(source, [...candidates(20), culprit(), ...candidates(20)]),
        log.append(source, candidates(5)),
      ]);
      expect(statuses(first).filter((status) => status === 'refused')).toHaveLength(1);
      expect(statuses(first).at(20)).toBe('refused');
      const given = [...revisions(first), ...revisions(second)].filter((revision) => revision !== null);
      expect(given).toEqual(given.map((_, n) => n));
      expect(stand.stored(source)).toHaveLength(45);
    },
  );

  test('is refused again, and what came with it is found', async () => {
    const log = stand.open();
    const source = newSource();
    const batch = [candidate(), candidate({ type: '' }), candidate()];
    await log.append(source, candidates(1));
    stand.double().faults.failAppends('after', 'cut');
    await expect(log.append(source, batch)).rejects.toMatchObject({ code: 'log-uncertain' });
    expect(statuses(await log.append(source, batch))).toEqual(['present', 'refused', 'appended']);
    expect(statuses(await log.append(source, batch))).toEqual(['present', 'refused', 'present']);
  });
});

describe('a server that counts metadata and types, too', () => {
  const stand = setUp({ limitCountsEverything: true });

  test('takes what it takes alone, and batches are small enough for it', async () => {
    const log = stand.open();
    const source = newSource();
    const heavy = Array.from({ length: 6 }, () => candidate({ metadata: Buffer.alloc(400_000, 'm') }));
    const tooHeavy = candidate({ metadata: Buffer.alloc(1_100_000, 'm') });
    const outcomes = await log.append(source, [...heavy, tooHeavy, ...candidates(2)]);
    expect(revisions(outcomes)).toEqual([0, 1, 2, 3, 4, 5, null, 6, 7]);
    expect(outcomes[6]).toMatchObject({ status: 'refused' });
  });
});
