/** Appending to streams of which the server shows less than it has, or that are no longer what they were. */
import { describe, expect, test } from 'vitest';
import type { AppendOptions } from '../../../src/event-log/port.js';
import type { Revision } from '../../../src/ledger/types.js';
import { proposed } from '../../eventstore-double/record.js';
import { candidate, candidates, collect, revisions } from '../../support/event-log.js';
import { newSource } from '../contract/log-under-test.js';
import { ids, setUp, statuses } from './stand.js';

const stand = setUp();

const since = (revision: number): AppendOptions => ({ since: revision as Revision });

function setMetadata(source: string, metadata: string): void {
  stand.double().log.append(`$$ledger-${source}`, [proposed({ type: '$metadata', data: metadata })]);
}

/** A source with ten events, and its stream hidden by somebody's hand. */
async function hiddenSource(hide: (source: string) => void): Promise<{ source: string; first: string }> {
  const source = newSource();
  const given = candidates(10);
  await stand.open().append(source, given);
  hide(source);
  return { source, first: given[0]?.id ?? '' };
}

const HIDING = {
  'deleted softly': (source: string) => void stand.double().log.delete(`ledger-${source}`),
  'truncated beyond its end': (source: string) => setMetadata(source, '{"$tb":1000}'),
  'truncated at its end': (source: string) => setMetadata(source, '{"$tb":10}'),
  'truncated under an escaped name': (source: string) => setMetadata(source, '{"\\u0024tb":1000}'),
  'cut to its newest event': (source: string) => setMetadata(source, '{"$maxCount":1}'),
  'of events that are all too old': (source: string) => setMetadata(source, '{"$maxAge":0}'),
};

describe('a stream that is hidden', () => {
  test.each(Object.entries(HIDING))(
    'takes what comes, with true revisions, where the caller has looked through it: %s',
    async (_name, hide) => {
      const { source } = await hiddenSource(hide);
      const log = stand.open();
      expect(revisions(await log.append(source, candidates(2), since(10)))).toEqual([10, 11]);
      expect(revisions(await log.append(source, candidates(1), since(10)))).toEqual([12]);
      expect(revisions(await log.append(source, [candidate({ fresh: true })]))).toEqual([13]);
      expect(stand.stored(source)).toHaveLength(14);
    },
  );

  test.each(Object.entries(HIDING))(
    'is not written blindly where ids cannot be looked for, and does not stop events that need no look-up: %s',
    async (_name, hide) => {
      const { source, first } = await hiddenSource(hide);
      const log = stand.open();
      const [known, fresh] = await Promise.allSettled([
        log.append(source, [candidate({ id: first })], since(0)),
        log.append(source, [candidate({ fresh: true })], since(0)),
      ]);
      expect(known).toMatchObject({ status: 'rejected', reason: { code: 'log-unavailable' } });
      expect(fresh).toMatchObject({ status: 'fulfilled', value: [{ status: 'appended', revision: 10 }] });
      expect(ids(stand.stored(source)).filter((id) => id === first)).toHaveLength(1);
    },
  );

  test.each(Object.entries(HIDING))(
    'takes events of those who do not know what the ledger has, as far as it can be looked through: %s',
    async (_name, hide) => {
      const { source } = await hiddenSource(hide);
      const log = stand.open();
      expect(revisions(await log.append(source, candidates(2)))).toEqual([10, 11]);
      expect(revisions(await stand.open().append(source, candidates(1)))).toEqual([12]);
    },
  );

  test('is known to who wrote it: a repetition is not written again', async () => {
    const source = newSource();
    const log = stand.open();
    const given = candidates(3);
    await log.append(source, given);
    setMetadata(source, '{"$tb":1000}');
    await expect(log.append(source, given, since(0))).rejects.toMatchObject({ code: 'log-unavailable' });
    expect(stand.stored(source)).toHaveLength(3);
  });

  test('says of a place that it is hidden, and of what never was that it is absent', async () => {
    const log = stand.open();
    for (const [name, hide] of Object.entries(HIDING)) {
      const { source } = await hiddenSource(hide);
      const reason = name === 'deleted softly' ? 'deleted' : 'truncated';
      expect(await log.lookUp(source, 3 as Revision), name).toEqual({ status: 'hidden', reason });
    }
    expect(await log.lookUp(newSource(), 3 as Revision)).toEqual({ status: 'absent', lastRevision: null });
  });

  test.each([
    '{"ours":{"$tb":1000,"$maxCount":1}}',
    '{"note":"\\"$maxAge\\": 1, \\"$tb\\": 1000"}',
    '{"$tb":3}',
    '',
  ])('is not told from metadata that hide nothing of the place: %s', async (metadata) => {
    const source = newSource();
    setMetadata(source, metadata);
    const found = await stand.open().lookUp(source, 3 as Revision);
    expect(found).toEqual({ status: 'absent', lastRevision: null });
  });

  test.each(["{'$tb':1000}", '{"$tb":"1000"}', '[]'])(
    'may be one whose metadata a more lenient reader understands: %s',
    async (metadata) => {
      const source = newSource();
      setMetadata(source, metadata);
      const found = await stand.open().lookUp(source, 3 as Revision);
      expect(found).toEqual({ status: 'hidden', reason: 'truncated' });
    },
  );
});

describe('a stream with a tombstone', () => {
  test('takes nothing more, and says why; other sources are not harmed', async () => {
    const source = newSource();
    const log = stand.open();
    await log.append(source, candidates(2));
    stand.double().log.tombstone(`ledger-${source}`);
    for (const each of [log, stand.open()]) {
      const [outcome] = await each.append(source, [candidate()]);
      expect(outcome).toMatchObject({
        status: 'refused',
        reason: expect.stringContaining('tombstone') as string,
      });
    }
    expect(await collect(log.readSource(source))).toEqual([]);
    expect(await log.lookUp(source, 1 as Revision)).toEqual({ status: 'hidden', reason: 'deleted' });
    expect(statuses(await log.append(newSource(), candidates(1)))).toEqual(['appended']);
  });

  test('is not mistaken for by an event that another program calls $streamDeleted', async () => {
    const source = newSource();
    stand.double().log.append(`ledger-${source}`, [proposed({ type: '$streamDeleted' })]);
    const events = await collect(stand.open().readSource(source));
    expect(events).toMatchObject([{ type: '$streamDeleted', revision: 0 }]);
  });
});

describe('a stream that is another one than it was', () => {
  test('is shorter, from an older backup: what was lost is written again, what was kept is not', async () => {
    const source = newSource();
    const log = stand.open();
    const [kept, lost] = [candidates(5), candidates(5)];
    await log.append(source, kept);
    const backup = stand.double().snapshot();
    await log.append(source, lost);
    await stand.double().restore(backup);
    await log.append(source, candidates(1)).catch(() => undefined);
    const outcomes = await log.append(source, [...kept, ...lost]);
    expect(statuses(outcomes)).toEqual([...kept.map(() => 'present'), ...lost.map(() => 'appended')]);
    const stored = ids(stand.stored(source));
    expect(new Set(stored).size).toBe(stored.length);
  });

  test('has grown since it was restored, by another hand: it is read anew', async () => {
    const source = newSource();
    const log = stand.open();
    const [kept, lost, other] = [candidates(5), candidates(5), candidates(9)];
    await log.append(source, kept);
    const backup = stand.double().snapshot();
    await log.append(source, lost);
    await stand.double().restore(backup);
    await stand.open().append(source, other);
    await log.append(source, candidates(1)).catch(() => undefined);
    expect(statuses(await log.append(source, [...lost, ...other]))).toEqual([
      ...lost.map(() => 'appended'),
      ...other.map(() => 'present'),
    ]);
  });

  test('holds another event where one is remembered: it is read anew before anything is said of it', async () => {
    const source = newSource();
    const log = stand.open();
    const [kept, lost, other] = [candidates(3), candidates(2), candidates(2)];
    await log.append(source, kept);
    const backup = stand.double().snapshot();
    await log.append(source, lost);
    await stand.double().restore(backup);
    await stand.open().append(source, other);
    await log.append(source, [candidate({ fresh: true })]).catch(() => undefined);
    expect(statuses(await log.append(source, lost))).toEqual(['appended', 'appended']);
  });
});
