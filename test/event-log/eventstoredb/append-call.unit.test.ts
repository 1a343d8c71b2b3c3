import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AppendCall } from '../../../src/event-log/eventstoredb/append-call.js';
import { LedgerError } from '../../../src/ledger/error.js';
import type { Revision } from '../../../src/ledger/types.js';
import { candidate, candidates } from '../../support/event-log.js';

const DEADLINE_MS = 1_000;
const appended = (revision: number) => ({ status: 'appended', revision: revision as Revision }) as const;
const unavailable = new LedgerError('log-unavailable', 'nobody there');

describe('a call of append', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  test('resolves with its outcomes in the order of its candidates, when it has them all', async () => {
    const call = new AppendCall(candidates(3), null, DEADLINE_MS);
    call.note(2, appended(7));
    call.note(0, { status: 'refused', reason: 'too large' });
    expect([call.settled, call.isOpen(1), call.isOpen(2)]).toEqual([false, true, false]);
    call.note(1, appended(6));
    expect(await call.outcome).toEqual([
      { status: 'refused', reason: 'too large' },
      appended(6),
      appended(7),
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('without candidates is done', async () => {
    expect(await new AppendCall([], null, DEADLINE_MS).outcome).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each(['seven', 'B7C0F3D2-0000-4000-8000-000000000000', ''])(
    'takes no id that is no UUID: %j',
    (id) => {
      const make = (): AppendCall => new AppendCall([candidate(), candidate({ id })], null, DEADLINE_MS);
      expect(make).toThrow(
        expect.objectContaining({ code: 'invalid-input', message: expect.stringContaining('1') as string }),
      );
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  test('is unavailable at its deadline when nothing was sent, and uncertain when something was', async () => {
    for (const underWay of [false, true]) {
      const call = new AppendCall(candidates(2), null, DEADLINE_MS);
      call.underWay = underWay;
      const heard = call.outcome.catch((error: unknown) => error);
      vi.advanceTimersByTime(DEADLINE_MS);
      expect(await heard).toMatchObject({ code: underWay ? 'log-uncertain' : 'log-unavailable' });
      expect(call.settled).toBe(true);
    }
  });

  test('is uncertain when something of it was appended before it fails, and not when all was present or refused', async () => {
    const outcomes = [appended(1), { status: 'refused', reason: 'too large' } as const];
    for (const outcome of outcomes) {
      const call = new AppendCall(candidates(2), null, DEADLINE_MS);
      call.note(0, outcome);
      call.fail(unavailable);
      const code = outcome.status === 'appended' ? 'log-uncertain' : 'log-unavailable';
      await expect(call.outcome).rejects.toMatchObject({ code });
    }
  });

  test('settles once: what comes afterwards changes nothing', async () => {
    const call = new AppendCall(candidates(1), null, DEADLINE_MS);
    call.fail(unavailable);
    call.note(0, appended(3));
    call.fail(new LedgerError('internal', 'late'));
    await expect(call.outcome).rejects.toBe(unavailable);
  });

  test('says so when the failure is a bug, whatever was written', async () => {
    const call = new AppendCall(candidates(2), null, DEADLINE_MS);
    call.note(0, appended(1));
    call.fail(new LedgerError('internal', 'a bug'));
    await expect(call.outcome).rejects.toMatchObject({ code: 'internal' });
  });
});
