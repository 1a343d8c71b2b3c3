import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AccessEvent } from '../../src/access/access-event.js';
import { SummedRefusals } from '../../src/http/watching/refusals.js';

const MINUTE_MS = 60_000;
const START = '2026-11-20T10:00:00.000Z';
const NOBODY = { scheme: 'basic', user: 'nobody', password: 'x' } as const;

let noted: AccessEvent[];
let refusals: SummedRefusals;
beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse(START) });
  noted = [];
  refusals = new SummedRefusals({
    outbox: {
      note: (event) => {
        noted.push(event);
        return Promise.resolve();
      },
    },
    nameOf: (given) => (given.scheme === 'basic' && given.user !== 'nobody' ? given.user : null),
  });
});
afterEach(() => vi.useRealTimers());

describe('refused logins', () => {
  it('are one event a minute, however many they are, and none where there are none', async () => {
    for (let n = 0; n < 1_000; n++) refusals.loginFailed('192.0.2.1', NOBODY);
    await vi.advanceTimersByTimeAsync(MINUTE_MS - 1);
    expect(noted).toEqual([]);
    await vi.advanceTimersByTimeAsync(10 * MINUTE_MS);
    expect(noted).toEqual([
      {
        type: 'login.failed',
        by: { recordedBy: 'event-ledger', actor: null, context: null },
        payload: {
          ...{ count: 1_000, since: START, until: '2026-11-20T10:01:00.000Z' },
          ...{ names: [], otherNames: 1_000 },
          ...{ addresses: [{ address: '192.0.2.1', count: 1_000 }], otherAddresses: 0 },
        },
      },
    ]);
  });

  it('name the twenty that come most, and count the others, in bounded memory', async () => {
    for (let n = 0; n < 5_000; n++) {
      const user = `user-${n}`;
      refusals.loginFailed(`address-${n}`, { scheme: 'basic', user, password: 'x' });
      if (n < 30) refusals.loginFailed(`address-${n}`, { scheme: 'basic', user, password: 'x' });
    }
    await refusals.flush();
    const payload = noted[0]?.payload as Record<string, { count: number }[]>;
    expect(payload.names).toHaveLength(20);
    expect(payload.addresses?.every(({ count }) => count === 2)).toBe(true);
    expect([payload.count, payload.otherNames, payload.otherAddresses]).toEqual([5_030, 4_990, 4_990]);
  });

  it('are counted from the first one after an event', async () => {
    refusals.loginFailed('192.0.2.1', NOBODY);
    await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
    refusals.loginFailed('192.0.2.1', NOBODY);
    await refusals.flush();
    expect(noted.map(({ payload }) => [payload.count, payload.since])).toEqual([
      [1, START],
      [1, '2026-11-20T10:02:00.000Z'],
    ]);
  });
});
