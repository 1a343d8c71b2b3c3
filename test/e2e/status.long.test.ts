import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Instant } from '../../src/ledger/types.js';
import { event, PASSWORD, startApi, type TestApi } from '../support/api.js';
import { leading } from '../support/ledger-filler.js';
import { runCommand } from '../support/ledger-process.js';

describe('event-ledger status', () => {
  let api: TestApi;
  let isDown = false;

  beforeAll(async () => {
    api = await startApi({
      wrapLog: (log) => ({
        ...log,
        health: async () => (isDown ? { status: 'down', detail: 'away' } : await log.health()),
      }),
    });
    await api.post('/v1/events', [event(), event({ source: 'web' }), event({ source: 'web' })]);
    await api.caughtUp();
  });
  afterAll(() => api.close());

  const status = (args: readonly string[] = [], settings: Record<string, string> = {}) =>
    runCommand(['status', ...args], { LEDGER_URL: api.url, LEDGER_ADMIN_PASSWORD: PASSWORD, ...settings });

  it('of a ledger that is well is 0, with its numbers for people and for machines', async () => {
    const { code, stdout } = await status();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^status +ok, http/);
    expect(stdout).toContain('2: web 2, billing 1');
    const json = await status(['--json']);
    expect([json.code, JSON.parse(json.stdout)]).toEqual([
      0,
      {
        health: expect.objectContaining({ status: 'ok', lag: { events: 0, seconds: 0 } }) as unknown,
        stats: expect.objectContaining({ events: 3, counted: 3 }) as unknown,
      },
    ]);
  });

  it('is 3 when it is down, and says what is known', async () => {
    isDown = true;
    await expect.poll(async () => (await api.get('/health')).status).toBe(503);
    const { code, stdout } = await status();
    isDown = false;
    expect([code, stdout]).toEqual([3, expect.stringMatching(/^status +down/)]);
    expect(stdout).toContain('head       not known');
  });

  it('is 1 when it is degraded, and names the alarm', async () => {
    const idle = await startApi({ project: false });
    const since = '2026-11-20T10:00:00.000Z' as Instant;
    const alarm = { code: 'stream-deleted', source: 'billing', place: '', since, detail: 'by hand' };
    await leading(idle.database.projectorUrl, (leadership) => leadership.keepAlarms([alarm]));
    const { code, stdout } = await status(['--url', idle.url]);
    await idle.close();
    expect([code, stdout]).toEqual([1, expect.stringContaining('stream-deleted (billing): by hand')]);
  });

  it('refused credentials are 2, a server that is not there 3', async () => {
    const refused = await status([], { LEDGER_ADMIN_PASSWORD: 'another' });
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    const away = await status(['--url', 'http://127.0.0.1:9']);
    expect([away.code, away.stderr]).toEqual([3, expect.stringContaining('Is the server running?')]);
  });
});
