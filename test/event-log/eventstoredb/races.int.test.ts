/** Several processes at one source: of each identity one write wins, and only its writer is told so. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Candidate, EventLog } from '../../../src/event-log/port.js';
import { proposed } from '../../eventstore-double/record.js';
import { candidate, candidates, revisions } from '../../support/event-log.js';
import { newSource } from '../contract/log-under-test.js';
import { ids, setUp, statuses } from './stand.js';

const stand = setUp();

/** The same identities with other bytes, as another process has them. */
function rivals(given: readonly Candidate[], name: string): readonly Candidate[] {
  return given.map((each) => ({
    ...each,
    data: Buffer.from(`{"by":"${name}"}`),
    metadata: Buffer.from(name),
  }));
}

describe('instances that race', () => {
  test.each([2, 4])('%i of them at one hot source write each event once, in order', async (count) => {
    const source = newSource();
    const logs = Array.from({ length: count }, () => stand.open({ deadlineMs: 20_000 }));
    const written = await Promise.all(
      logs.map(async (log) => {
        const mine: number[] = [];
        for (const given of candidates(40)) {
          const [outcome] = await log.append(source, [given], { since: 0 as never });
          if (outcome?.status === 'appended') mine.push(outcome.revision);
        }
        return mine;
      }),
    );
    for (const mine of written) expect(mine).toEqual(mine.toSorted((a, b) => a - b));
    expect(written.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 * count }, (_, n) => n));
    expect(stand.stored(source)).toHaveLength(40 * count);
  });

  test.each([1, 3])(
    'with the same ids and other bytes, %i at a time: appended is told whose bytes are stored',
    async (size) => {
      const names = ['a', 'b', 'c', 'd'];
      const logs = names.map(() => stand.open({ deadlineMs: 20_000 }));
      const source = newSource();
      for (let round = 0; round < 30; round += 1) {
        const given = candidates(size);
        const outcomes = await Promise.all(
          logs.map((log, n) => log.append(source, rivals(given, names[n] ?? ''), { since: 0 as never })),
        );
        for (const [place, { id }] of given.entries()) {
          const records = stand.stored(source).filter((record) => record.id === id);
          expect(records).toHaveLength(1);
          const told = outcomes.map((each) => each[place]?.status);
          const owner = names.indexOf(records[0]?.metadata.toString() ?? '');
          expect(told).toEqual(names.map((_, n) => (n === owner ? 'appended' : 'present')));
        }
      }
    },
  );

  test('whoever is told that it is present is told where it stands', async () => {
    const source = newSource();
    const [one, other] = [stand.open(), stand.open()];
    const given = candidates(2);
    await other.append(source, [candidate()]);
    await one.append(source, [candidate()]);
    await one.append(source, given);
    const [first, second] = await other.append(source, rivals(given, 'other'));
    expect([first, second]).toEqual([
      { status: 'present', revision: 2 },
      { status: 'present', revision: 3 },
    ]);
    expect(stand.stored(source).map(({ metadata }) => metadata)).toContainEqual(given[0]?.metadata);
  });

  test('a batch of known and new ids writes the new ones alone', async () => {
    const source = newSource();
    const [one, other] = [stand.open(), stand.open()];
    const known = candidates(3);
    const fresh = candidates(3);
    await one.append(source, known);
    const mixed = [known[2], fresh[0], known[0], fresh[1], fresh[2], known[1]].flatMap((each) => each ?? []);
    for (const log of [one, other]) {
      const told = statuses(await log.append(source, mixed));
      expect(told).toEqual(
        log === one
          ? ['present', 'appended', 'present', 'appended', 'appended', 'present']
          : mixed.map(() => 'present'),
      );
    }
    expect(ids(stand.stored(source))).toEqual(ids([...known, ...fresh]));
  });

  test('an event whose first attempt arrives late, after its repetition, is written once', async () => {
    const source = newSource();
    const log = stand.open({ deadlineMs: 1_000 });
    const other = stand.open();
    await log.append(source, candidates(1));
    await other.append(source, candidates(1));
    const given = candidates(2);
    stand.double().faults.freeze();
    const late = log.append(source, given);
    await expect(late).rejects.toMatchObject({ code: 'log-uncertain' });
    stand.double().faults.thaw();
    await expect.poll(() => repeat(log, source, given), { timeout: 10_000 }).toBe(true);
    expect(ids(stand.stored(source)).slice(2)).toEqual(ids(given));
  });

  test('another program that writes meanwhile, ids twice included, does not confuse revisions', async () => {
    const source = newSource();
    const log = stand.open();
    const twice = randomUUID();
    await log.append(source, candidates(1));
    const foreign = [proposed({ id: twice }), proposed({ id: twice }), proposed({})];
    stand.double().log.append(`ledger-${source}`, foreign);
    expect(revisions(await log.append(source, candidates(2)))).toEqual([4, 5]);
    expect(await log.append(source, [candidate({ id: twice })])).toEqual([
      { status: 'present', revision: 1 },
    ]);
  });
});

async function repeat(log: EventLog, source: string, given: readonly Candidate[]): Promise<boolean> {
  const outcomes = await log.append(source, given).catch(() => []);
  return outcomes.length === given.length;
}
