/** Appending while the server, or the way to it, fails: each fault before anything is written, and after everything was. */
import { describe, expect, test } from 'vitest';
import type { LedgerError } from '../../../src/ledger/error.js';
import type { Failure } from '../../eventstore-double/faults.js';
import { candidate, candidates, collect, revisions } from '../../support/event-log.js';
import { newSource } from '../contract/log-under-test.js';
import { ids, setUp, statuses, timed } from './stand.js';

const stand = setUp();

/** What leaves it open whether something was written. */
const UNCERTAIN: Readonly<Record<string, Failure>> = {
  'its connection is cut': 'cut',
  'the server is unavailable (14)': { code: 14, details: 'Connection dropped' },
  'the stream is reset (13)': { code: 13, details: 'Received RST_STREAM with code 2' },
  'it takes too long (4)': { code: 4, details: 'Deadline exceeded' },
  'it is cancelled (1)': { code: 1, details: 'Cancelled by the server' },
  'it times out inside the server (10)': { code: 10, details: 'Operation timed out' },
  'the server asks for calm (8)': { code: 8, details: 'Bandwidth exhausted or memory limit exceeded' },
};

describe('an append whose outcome is not known', () => {
  test.each(Object.entries(UNCERTAIN))(
    'is uncertain when %s and nothing was written; sent again, it is written once',
    async (_name, failure) => {
      const log = stand.open();
      const [source, given] = [newSource(), candidates(3)];
      await log.append(source, candidates(1));
      stand.double().faults.failAppends('before', failure);
      await expect(log.append(source, given)).rejects.toMatchObject({
        code: 'log-uncertain',
        retryable: true,
      });
      expect(stand.stored(source)).toHaveLength(1);
      expect(revisions(await log.append(source, given))).toEqual([1, 2, 3]);
      expect(ids(stand.stored(source)).slice(1)).toEqual(ids(given));
    },
  );

  test.each(Object.entries(UNCERTAIN))(
    'is uncertain when %s and everything was written; sent again, it is found',
    async (_name, failure) => {
      const log = stand.open();
      const [source, given] = [newSource(), candidates(3)];
      await log.append(source, candidates(1));
      stand.double().faults.failAppends('after', failure);
      await expect(log.append(source, given)).rejects.toMatchObject({
        code: 'log-uncertain',
        retryable: true,
      });
      const again = await log.append(source, [...given, candidate()]);
      expect(statuses(again)).toEqual(['present', 'present', 'present', 'appended']);
      expect(stand.stored(source)).toHaveLength(5);
    },
  );

  test.each(['before', 'after'] as const)(
    'ends at its deadline when no answer ever comes (%s writing)',
    async (when) => {
      const log = stand.open({ deadlineMs: 1_000 });
      const source = newSource();
      await log.append(source, candidates(1));
      const given = candidates(2);
      stand.double().faults.failAppends(when, 'silence');
      const failed = log.append(source, given);
      expect(await timed(failed)).toBeLessThan(2_500);
      await expect(failed).rejects.toMatchObject({ code: 'log-uncertain' });
      await log.append(source, given);
      expect(ids(stand.stored(source)).slice(1)).toEqual(ids(given));
    },
  );

  test('is found after a restart, when the server has forgotten its ids, by another process, too', async () => {
    const source = newSource();
    const given = candidates(3);
    const [log, other] = [stand.open(), stand.open()];
    await other.append(source, candidates(1));
    await log.append(source, candidates(1));
    stand.double().faults.failAppends('after', 'cut');
    await expect(log.append(source, given)).rejects.toMatchObject({ code: 'log-uncertain' });
    await stand.double().restart();
    for (const each of [log, other]) {
      expect(statuses(await each.append(source, given))).toEqual(['present', 'present', 'present']);
    }
    expect(stand.stored(source)).toHaveLength(5);
  });
});

describe('an append of which nothing was sent', () => {
  test('fails as unavailable while the server is down, and works when it is up again', async () => {
    const log = stand.open();
    const source = newSource();
    await log.append(source, candidates(1));
    await stand.double().stop();
    // the first to notice may have sent something
    await expect(log.append(source, candidates(1))).rejects.toMatchObject({ retryable: true });
    await expect(log.append(source, candidates(1))).rejects.toMatchObject({ code: 'log-unavailable' });
    expect(await log.health()).toMatchObject({ status: 'down' });
    await stand.double().start();
    expect(revisions(await log.append(source, candidates(1)))).toEqual([1]);
    expect(await log.health()).toEqual({ status: 'ok' });
  });

  test('fails as unavailable while the server is not ready', async () => {
    const log = stand.open();
    const source = newSource();
    stand.double().faults.failAppends('before', { code: 14, details: 'Server Is Not Ready' }, 2);
    await expect(log.append(source, candidates(1))).rejects.toMatchObject({ code: 'log-unavailable' });
    await log.append(source, candidates(1)).catch(() => undefined);
    expect(revisions(await log.append(source, candidates(1)))).toEqual([0]);
  });

  test('is not sent after its caller was told so, when no node of the cluster can be found meanwhile', async () => {
    const { port } = new URL(stand.double().url.replace('esdb:', 'http:'));
    const url = `esdb://127.0.0.1:${port},127.0.0.1:${port}?tls=false&maxDiscoverAttempts=60&discoveryInterval=50`;
    const log = stand.open({ url, deadlineMs: 600 });
    const source = newSource();
    await stand.double().stop();
    const given = [...candidates(2), candidate({ fresh: true })];
    const began = performance.now();
    const outcomes = await Promise.allSettled([
      ...given.map((each) => log.append(source, [each])),
      ...[log.newest(), log.lookUp(source, 0 as never), log.backlog(null)],
    ]);
    const codes = outcomes.map((each) => each.status === 'rejected' && (each.reason as LedgerError).code);
    expect(new Set(codes)).toEqual(new Set(['log-unavailable']));
    expect(performance.now() - began).toBeLessThan(2_500);
    expect(await log.health()).toMatchObject({ status: 'down' });
    await stand.double().start();
    await expect
      .poll(async () => (await log.append(source, candidates(1)).catch(() => [])).length, { timeout: 20_000 })
      .toBe(1);
    expect(stand.stored(source).some(({ id }) => ids(given).includes(id))).toBe(false);
  });

  test('leaves no rejection unheard when a call loses its connection while another looks for a node', async () => {
    const { port } = new URL(stand.double().url.replace('esdb:', 'http:'));
    const url = `esdb://127.0.0.1:${port},127.0.0.1:${port}?tls=false&maxDiscoverAttempts=3&discoveryInterval=20`;
    const log = stand.open({ url });
    const [source, other] = [newSource(), newSource()];
    await log.append(source, candidates(1));
    await log.append(other, candidates(1));
    const { faults } = stand.double();
    faults.lateness = 3_000;
    const waiting = log.append(other, candidates(1));
    await expect.poll(() => stand.stored(other).length, { interval: 1 }).toBe(2);
    faults.lateness = 0;
    faults.failAppends('before', { code: 14, details: 'Server Is Not Ready' });
    await expect(log.append(source, candidates(1))).rejects.toMatchObject({ code: 'log-unavailable' });
    const looking = log.newest();
    const stopped = stand.double().stop();
    const outcomes = await Promise.allSettled([waiting, looking]);
    expect(outcomes).toMatchObject([
      { status: 'rejected', reason: { code: 'log-uncertain' } },
      { status: 'rejected', reason: { code: 'log-unavailable' } },
    ]);
    await stopped;
    await stand.double().start();
    await expect.poll(() => log.newest().catch(() => null), { timeout: 20_000 }).not.toBeNull();
  });

  test('fails for its credentials, or what they may do, and says what to look at', async () => {
    const log = stand.open();
    const source = newSource();
    stand.double().faults.forbid = true;
    const denied = { code: 'access-denied', message: expect.stringContaining('EVENTSTORE_URL') as string };
    await expect(log.append(source, candidates(1))).rejects.toMatchObject(denied);
    await expect(log.newest()).rejects.toMatchObject(denied);
    stand.double().faults.heal();
    expect(revisions(await log.append(source, candidates(1)))).toEqual([0]);
  });
});

describe('a read', () => {
  test.each(Object.entries(UNCERTAIN))(
    'is repeated once when %s, as it harms nobody',
    async (_name, failure) => {
      const log = stand.open();
      const source = newSource();
      await log.append(source, candidates(3));
      stand.double().faults.failReads(failure);
      expect(await collect(log.readSource(source))).toHaveLength(3);
      stand.double().faults.failReads(failure, 2);
      await expect(collect(log.readSource(source))).rejects.toMatchObject({ code: 'log-unavailable' });
    },
  );

  test('works at once after a restart', async () => {
    const log = stand.open();
    const source = newSource();
    await log.append(source, candidates(3));
    await stand.double().restart();
    expect(await collect(log.readSource(source))).toHaveLength(3);
  });
});

describe('a frozen server', () => {
  test('acknowledges nothing, lets nobody wait beyond the deadline, and what it stores later is found', async () => {
    const deadlineMs = 1_500;
    const log = stand.open({ deadlineMs });
    const sources = [newSource(), newSource()];
    for (const source of sources) await log.append(source, candidates(1));
    const given = Array.from({ length: 40 }, () => candidate());
    stand.double().faults.freeze();
    const sourceOf = (n: number): string => sources[n % 2] ?? '';
    const failed = given.map((each, n) => log.append(sourceOf(n), [each]));
    const reads = [log.newest(), log.backlog(null), log.lookUp(sourceOf(0), 0 as never)];
    const began = performance.now();
    const settled = await Promise.allSettled([...failed, ...reads]);
    expect(performance.now() - began).toBeLessThan(deadlineMs + 1_500);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toEqual([]);
    expect(await timed(log.health())).toBeLessThan(2_000);
    stand.double().faults.thaw();
    for (const [n, each] of given.entries()) {
      await expect
        .poll(() => log.append(sourceOf(n), [each]).catch(() => null), { timeout: 20_000 })
        .not.toBeNull();
    }
    const all = sources.flatMap((source) => ids(stand.stored(source)));
    expect(all.toSorted()).toEqual([...new Set(all)].toSorted());
    for (const { id } of given) expect(all).toContain(id);
  });
});

describe('late answers', () => {
  test('are waited for, also beyond the silence that ends nothing', async () => {
    const log = stand.open();
    const source = newSource();
    stand.double().faults.lateness = 300;
    const outcomes = await Promise.all(candidates(8).map((each) => log.append(source, [each])));
    expect(outcomes.flatMap((each) => revisions(each)).toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});

describe('a call that fails in the midst', () => {
  test('is uncertain when its first request was written and a later one reached nobody', async () => {
    const log = stand.open();
    const source = newSource();
    const large = Array.from({ length: 3 }, () => candidate({ data: Buffer.alloc(800_000, ' ') }));
    const { faults } = stand.double();
    await log.append(source, candidates(1));
    const appending = log.append(source, large);
    await expect.poll(() => stand.stored(source).length, { interval: 1 }).toBeGreaterThan(1);
    faults.failAppends('before', { code: 14, details: 'Server Is Not Ready' });
    const outcome = await appending.catch((error: unknown) => error);
    // unless all of it was written before the fault could come
    if (faults.pending === 0) expect(outcome).toMatchObject({ code: 'log-uncertain' });
    faults.heal();
    expect(statuses(await log.append(source, large))).not.toContain('refused');
    expect(stand.stored(source)).toHaveLength(4);
  });
});
