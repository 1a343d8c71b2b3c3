import { describe, expect, it } from 'vitest';
import { describeStatus, type HealthAnswer, type StatsAnswer } from '../../src/cli/status-text.js';
import { NO_HASH } from '../../src/ledger/types.js';

const URL = 'http://127.0.0.1:8080';
const HEALTH: HealthAnswer = {
  status: 'ok',
  lag: { events: 0, seconds: 0 },
  head: { size: 30, hash: NO_HASH },
  alarms: [],
  lastVerification: null,
  projector: { state: 'leading', detail: null },
};
const verdicts = { accepted: 1, rejected: 0, duplicate: 0 };
const STATS: StatsAnswer = {
  ...{ events: 30, sources: 8, counted: 30 },
  verdicts: { accepted: 27, rejected: 2, duplicate: 1 },
  bySource: {
    most: [9, 8, 5, 3, 2, 1].map((events, n) => ({ source: `source-${n}`, events, verdicts })),
    others: 2,
  },
  byType: { most: [{ type: 'made\u001b[31m', events: 30 }], others: 0 },
  rates: {
    minute: { events: 3, perSecond: 0.05 },
    hour: { events: 30, perSecond: 0.008 },
    day: { events: 30, perSecond: 0 },
  },
};

describe('what status tells a person', () => {
  it('is a line for each thing', () => {
    expect(describeStatus(URL, HEALTH, STATS).split('\n')).toEqual([
      `status     ok, ${URL}`,
      `head       30:${NO_HASH}`,
      'lag        none',
      'projector  leading',
      'events     27 accepted, 2 rejected, 1 duplicate',
      'rates      0.05/s (3) in the last minute, 0.008/s (30) hour, 0/s (30) day',
      'sources    8: source-0 9, source-1 8, source-2 5, source-3 3, source-4 2, others 3',
      'types      made\\u{1b}[31m 30',
      'verified   not since this server started',
      'alarms     none',
    ]);
  });

  it('names alarms, what waits, and what a verification found', () => {
    const alarm = {
      code: 'log-truncated',
      source: 'billing',
      since: '2026-11-20T10:00:00.000Z',
      detail: 'gone',
    };
    const text = describeStatus(
      URL,
      {
        ...HEALTH,
        status: 'degraded',
        lag: { events: 1, seconds: 61.25 },
        alarms: [alarm, { ...alarm, source: null }, alarm, alarm, alarm, alarm, alarm],
        lastVerification: {
          ...{ intact: false, mode: 'full', checked: 30, size: 30, findingsTotal: 1 },
          startedAt: '2026-11-20T10:00:00.000Z',
        },
      },
      { ...STATS, counted: 20 },
    );
    expect(text).toContain('lag        1 event waits, for 61.3 s');
    expect(text).toContain('verified   NOT INTACT, 1 finding: full, 30 of 30 entries');
    expect(text).toContain('(of the newest 20 entries; ask again for all)');
    expect(text).toContain(
      'alarms     7\n           2026-11-20T10:00:00.000Z  log-truncated (billing): gone\n' +
        '           2026-11-20T10:00:00.000Z  log-truncated: gone\n',
    );
    expect(text).toMatch(/… and 2 older ones$/);
  });

  it('says of a verification that could not read everything, and found nothing, that it did not', () => {
    const lastVerification = {
      ...{ intact: false, mode: 'full', checked: 30, size: 30, findingsTotal: 0 },
      startedAt: '2026-11-20T10:00:00.000Z',
    };
    expect(describeStatus(URL, { ...HEALTH, lastVerification }, STATS)).toContain(
      'verified   NOT CHECKED in full: full, 30 of 30 entries',
    );
  });

  it('says what is not known while the stores are down', () => {
    const down = { ...HEALTH, status: 'down', head: null, lag: { events: null, seconds: null } } as const;
    expect(describeStatus(URL, down, null)).toContain('lag        not known');
    expect(describeStatus(URL, down, null)).toContain('events     not known');
  });
});
