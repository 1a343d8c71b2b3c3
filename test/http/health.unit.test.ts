import { describe, expect, it } from 'vitest';
import { monitorHealth } from '../../src/http/health.js';
import type { ProjectorView } from '../../src/http/projector-view.js';
import { LedgerError, type LedgerErrorCode } from '../../src/ledger/error.js';
import { instantFromMs } from '../../src/ledger/time.js';
import { NO_HASH, type Position } from '../../src/ledger/types.js';
import type { Alarm } from '../../src/read-model/port.js';

const counts = {
  ...{ batches: 0, commitSeconds: 0, redeliveries: 0 },
  entries: { accepted: 0, rejected: 0, duplicate: 0 },
  interruptions: { 'slow-consumer': 0, other: 0 },
};
const leading: ProjectorView = { state: 'leading', detail: null, alarms: [], counts };
const alarm = { code: 'revision-gap', source: 's', place: '', since: instantFromMs(0), detail: 'd' };

interface Situation {
  readonly log?: 'ok' | 'down';
  readonly reader?: 'ok' | 'down';
  readonly waitedMs?: number | null;
  readonly projector?: ProjectorView;
  readonly kept?: readonly Alarm[];
  readonly intact?: boolean;
  readonly headFails?: boolean;
  readonly backlogFails?: LedgerErrorCode;
}

function monitor(situation: Situation) {
  const { log = 'ok', reader = 'ok', waitedMs = null, intact = true, projector } = situation;
  let looks = 0;
  const answer = (status: 'ok' | 'down') =>
    Promise.resolve(status === 'ok' ? { status } : { status, detail: 'gone' });
  const health = monitorHealth({
    log: {
      health: () => answer(log),
      backlog: () =>
        situation.backlogFails === undefined
          ? Promise.resolve({
              events: waitedMs === null ? 0 : 7,
              oldest: waitedMs === null ? null : instantFromMs(Date.now() - waitedMs),
            })
          : Promise.reject(new LedgerError(situation.backlogFails, 'no')),
    },
    reader: {
      health: () => answer(reader),
      alarms: () => Promise.resolve(situation.kept ?? []),
      head: () => {
        looks++;
        if (situation.headFails === true) return Promise.reject(new LedgerError('store-unavailable', 'gone'));
        return Promise.resolve({ size: 0, hash: NO_HASH, recordedAt: null, position: '1' as Position });
      },
    },
    projector: projector === undefined ? undefined : () => projector,
    verifier: { last: () => ({ intact }) as never },
  });
  return { ...health, looks: () => looks };
}

describe('health', () => {
  it.each<[string, Situation, string]>([
    ['all is well', { projector: leading }, 'ok'],
    ['no projector runs in this process', {}, 'ok'],
    ['events are on their way', { waitedMs: 5_000 }, 'ok'],
    ['events wait for more than a minute', { waitedMs: 61_000 }, 'degraded'],
    ['there is an alarm', { projector: { ...leading, alarms: [alarm] } }, 'degraded'],
    ['another process raised an alarm', { kept: [alarm] }, 'degraded'],
    ['the projector tries again', { projector: { ...leading, state: 'retrying' } }, 'degraded'],
    ['the projector was stopped', { projector: { ...leading, state: 'stopped' } }, 'degraded'],
    ['the last verification found something', { intact: false }, 'degraded'],
    ['the log is another one', { projector: { ...leading, state: 'diverged' } }, 'down'],
    ['the log is down', { log: 'down' }, 'down'],
    ['the read model is down', { reader: 'down' }, 'down'],
    ['the head cannot be read', { headFails: true }, 'down'],
    ['the log does not let this process look how far it has come', { backlogFails: 'access-denied' }, 'ok'],
    ['the log cannot be looked through', { backlogFails: 'log-unavailable' }, 'down'],
  ])('when %s', async (_what, situation, status) => {
    expect((await monitor(situation).health()).status).toBe(status);
  });

  it('says how far the ledger is behind', async () => {
    const { lag } = await monitor({ waitedMs: 2_000 }).health();
    expect(lag.events).toBe(7);
    expect(lag.seconds).toBeGreaterThanOrEqual(2);
  });

  it('shows each alarm once, whether this process raised it, another one, or both', async () => {
    const other = { ...alarm, place: 'position 7' };
    const projector = { ...leading, alarms: [alarm, other] };
    const { alarms } = await monitor({ projector, kept: [alarm] }).health();
    expect(alarms).toEqual([other, alarm]);
  });

  it('shows what this process raised, too, while the stores are down', async () => {
    const projector = { ...leading, alarms: [alarm] };
    expect((await monitor({ projector, kept: [alarm], reader: 'down' }).health()).alarms).toEqual([alarm]);
  });

  it('what is not known is null', async () => {
    expect(await monitor({ log: 'down' }).health()).toMatchObject({
      lag: { events: null, seconds: null },
      head: null,
    });
  });

  it('a lag that the log does not let this process look for is not known', async () => {
    expect(await monitor({ backlogFails: 'access-denied' }).health()).toMatchObject({
      lag: { events: null, seconds: null },
      head: { size: 0 },
    });
  });

  it('asked often, it asks the stores once', async () => {
    const one = monitor({});
    await Promise.all(Array.from({ length: 100 }, () => one.health()));
    await one.health();
    expect(one.looks()).toBe(1);
  });
});
