import { execFile } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EventLog } from '../../src/event-log/port.js';
import { openPostgresEventLog } from '../../src/event-log/postgres/event-log.js';
import { writeCertificate } from '../support/certificate.js';
import { candidate, forgeEvent } from '../support/event-log.js';
import { createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import {
  eventually,
  PASSWORD,
  runCommand,
  startLedger,
  temporaryFolder,
  type LedgerProcess,
} from '../support/ledger-process.js';
import { parseMetrics } from '../support/metrics.js';

const HEALTH_CHECK = new URL('../../bin/healthcheck.js', import.meta.url).pathname;

/** The exit code of what a container asks. */
function healthCheck(
  { url }: LedgerProcess,
  settings: Readonly<Record<string, string>> = {},
): Promise<number> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH ?? '', PORT: new URL(url).port, ...settings };
    execFile(process.execPath, [HEALTH_CHECK], { env }, (error) =>
      resolve(error === null ? 0 : Number(error.code)),
    );
  });
}

describe('event-ledger projector with PORT', () => {
  let database: LedgerDatabase;
  let log: EventLog;
  const running: LedgerProcess[] = [];

  beforeAll(async () => {
    database = await createLedgerDatabase();
    log = openPostgresEventLog({ url: database.apiUrl });
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.stop()));
  });
  afterAll(async () => {
    await log.close();
    await database.drop();
  });

  async function start(settings: Readonly<Record<string, string>> = {}): Promise<LedgerProcess> {
    const started = await startLedger({ DATABASE_URL: database.projectorUrl, ...settings }, 'projector');
    running.push(started);
    return started;
  }

  const anonymous = async (
    { url }: LedgerProcess,
    path: string,
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const response = await fetch(`${url}${path}`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  const inState = (projector: LedgerProcess, state: string): Promise<boolean> =>
    eventually(`a projector that is ${state}`, async () => {
      const { body } = await anonymous(projector, '/readyz');
      return body.projector === state;
    });

  it('tells over HTTPS where it has a certificate', async () => {
    const folder = await temporaryFolder();
    const { files } = await writeCertificate(folder.path);
    const settings = { TLS_CERT_FILE: files.certificate, TLS_KEY_FILE: files.key };
    const projector = await start(settings);
    expect(projector.url).toMatch(/^https:/);
    expect([await healthCheck(projector, settings), await healthCheck(projector)]).toEqual([0, 1]);
    await folder.remove();
  });

  it('tells how it goes, to those with credentials, and nothing of the ledger', async () => {
    await log.append('billing', [candidate(), candidate()]);
    const projector = await start();
    await inState(projector, 'leading');
    expect(await anonymous(projector, '/livez')).toEqual({ status: 200, body: { status: 'ok' } });
    const whole = await eventually('a ledger of two', async () => {
      const health = await projector.json<{ head: { size: number } }>('/health');
      return health.head.size === 2 && health;
    });
    expect(whole).toMatchObject({
      ...{ status: 'ok', alarms: [], lastVerification: null, lag: { seconds: 0 } },
      projector: { state: 'leading', detail: null },
    });
    expect(await anonymous(projector, '/health')).toEqual({ status: 200, body: { status: 'ok' } });

    expect((await anonymous(projector, '/metrics')).status).toBe(401);
    const metrics = parseMetrics(await (await projector.request('/metrics')).text());
    expect(metrics.value('event_ledger_projector_entries_total', { verdict: 'accepted' })).toBe(2);
    expect(metrics.value('event_ledger_entries')).toBe(2);
    expect(metrics.all.has('event_ledger_events_submitted_total')).toBe(false);
    for (const path of ['/v1/head', '/v1/events', '/v1/verify', '/stats', '/events'])
      expect((await projector.request(path)).status, path).toBe(404);
    expect(await healthCheck(projector)).toBe(0);
  });

  it('is ready while another one leads, and says that it waits', async () => {
    const first = await start();
    await inState(first, 'leading');
    const second = await start();
    await inState(second, 'waiting');
    expect(await healthCheck(second)).toBe(0);
    expect(await second.json('/health')).toMatchObject({ status: 'ok', projector: { state: 'waiting' } });
    await first.stop();
    await inState(second, 'leading');
  });

  it('lets nobody in without a password of its own; the probes answer', async () => {
    const projector = await start({ LEDGER_ADMIN_PASSWORD: '' });
    await inState(projector, 'leading');
    for (const path of ['/health', '/metrics', '/openapi.json'])
      expect((await projector.request(path)).status, path).toBe(401);
    for (const password of [PASSWORD, '']) {
      const authorization = `Basic ${btoa(`admin:${password}`)}`;
      expect((await projector.request('/metrics', { headers: { authorization } })).status).toBe(401);
    }
    expect(await anonymous(projector, '/health')).toEqual({ status: 200, body: { status: 'ok' } });
  });

  it('serves nothing without PORT', async () => {
    const projector = await start({ PORT: '' });
    expect(projector.url).toBe('');
    expect(projector.log.join('')).toContain('"msg":"ready"');
  });

  it('ends with 3 where its port is taken', async () => {
    const first = await start();
    const { code, stderr } = await runCommand(['projector'], {
      DATABASE_URL: database.projectorUrl,
      PORT: new URL(first.url).port,
    });
    expect(code).toBe(3);
    expect(stderr).toContain('PORT');
  });

  // the last one: the log is never again what it was
  it('is down, and not ready, when the log is not the one that the ledger was made from', async () => {
    await forgeEvent(database, 'billing', '{"user":"eve"}');
    const projector = await start();
    await eventually('to be down', async () => (await anonymous(projector, '/health')).status === 503);
    expect(await anonymous(projector, '/readyz')).toMatchObject({ status: 503, body: { code: 'not-ready' } });
    expect(await healthCheck(projector)).toBe(1);
    const response = await projector.request('/health');
    expect([response.status, await response.json()]).toMatchObject([
      503,
      { status: 'down', projector: { state: 'diverged' }, alarms: [{ code: 'log-diverged', source: null }] },
    ]);
    const metrics = parseMetrics(await (await projector.request('/metrics')).text());
    expect(metrics.value('event_ledger_projector_state', { state: 'diverged' })).toBe(1);
    expect(metrics.value('event_ledger_alarm', { code: 'log-diverged' })).toBe(1);
    expect(metrics.value('event_ledger_health', { status: 'down' })).toBe(1);
  });
});
