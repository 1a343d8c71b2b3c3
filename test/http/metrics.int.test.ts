import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LedgerError } from '../../src/ledger/error.js';
import type { Instant } from '../../src/ledger/types.js';
import { event, newSource, startApi, withRows, type TestApi } from '../support/api.js';
import { createLedgerDatabase } from '../support/ledger-database.js';
import { leading } from '../support/ledger-filler.js';
import { parseMetrics, type Metrics } from '../support/metrics.js';
import { startServer } from '../support/postgres.js';
import { startProxy } from '../support/postgres-proxy.js';

async function scrape(api: TestApi): Promise<Metrics> {
  const answer = await api.get('/metrics');
  expect(answer.status).toBe(200);
  return parseMetrics(answer.text);
}

const requests = (metrics: Metrics, labels: Record<string, string>): number | null =>
  metrics.value('event_ledger_http_request_duration_seconds_count', labels);
const submitted = (metrics: Metrics, outcome: string): number | null =>
  metrics.value('event_ledger_events_submitted_total', { outcome });

/** How many entries the ledger has, and how many of them the projector has counted. */
const chained = (metrics: Metrics): readonly (number | null)[] => [
  metrics.value('event_ledger_entries'),
  ['accepted', 'rejected', 'duplicate']
    .map((verdict) => metrics.value('event_ledger_projector_entries_total', { verdict }) ?? 0)
    .reduce((sum, each) => sum + each),
];

describe('/metrics', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.close());

  it('is in the text format of Prometheus, for those with credentials', async () => {
    const answer = await api.get('/metrics', {
      accept: 'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.4,*/*;q=0.1',
    });
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(parseMetrics(answer.text).value('event_ledger_build_info', { version: '0.0.0' })).toBe(1);
    expect((await api.anonymous('/metrics')).status).toBe(401);
    expect((await api.get('/metrics', { accept: 'application/json' })).status).toBe(406);
  });

  it('names and describes its metrics as Prometheus asks for, and the process as everybody does', async () => {
    const { all } = await scrape(api);
    const ours = [...all].filter(([name]) => name.startsWith('event_ledger_'));
    expect(ours.length).toBeGreaterThan(12);
    for (const [name, { help, type }] of ours) {
      expect(name).toMatch(/^[a-z][a-z_]*$/);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      expect(name).not.toMatch(/_(ms|milliseconds|minutes|count|sum|bucket)(_|$)/);
      expect(help, name).toMatch(/^[A-Z].*\.$/);
    }
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'nodejs_gc_duration_seconds',
    ])
      expect([...all.keys()]).toContain(name);
  });

  it('counts requests by the pattern of their route, method and class of status', async () => {
    const source = newSource();
    const before = await scrape(api);
    await api.get(`/v1/sources/${source}/events`);
    await api.get(`/v1/sources/${source}/events?limit=x`);
    await api.get('/nowhere/confidential');
    await new Promise<void>((resolve, reject) => {
      const asked = request(`${api.url}/v1/head`, { method: 'PROPFIND' }, (response) => {
        response.resume().once('end', resolve);
      });
      asked.once('error', reject).end();
    });
    const labels = { method: 'GET', route: '/v1/sources/:source/events' };
    const grown = (after: Metrics, of: Record<string, string>): number =>
      (requests(after, of) ?? 0) - (requests(before, of) ?? 0);
    await expect
      .poll(async () => {
        const after = await scrape(api);
        return [
          grown(after, { ...labels, status_class: '2xx' }),
          grown(after, { ...labels, status_class: '4xx' }),
          grown(after, { method: 'GET', route: 'none', status_class: '4xx' }),
          // credentials are asked for before it is looked whether there is such a route
          grown(after, { method: 'other', route: 'none', status_class: '4xx' }),
        ];
      })
      .toEqual([1, 1, 1, 1]);
    const { text } = await api.get('/metrics');
    expect(text).not.toMatch(new RegExp(`${source}|nowhere|PROPFIND`));
  });

  it('counts an answer that is a stream when it is over, with all of its time', async () => {
    const labels = { method: 'GET', route: '/v1/export', status_class: '2xx' };
    const slow = await startApi({
      database: api.database,
      project: false,
      wrapReader: withRows(
        (view) =>
          (...asked) =>
            late(view.rows(...asked)),
      ),
    });
    async function* late<Row>(rows: AsyncIterable<Row>): AsyncGenerator<Row> {
      await new Promise((resolve) => setTimeout(resolve, 300));
      yield* rows;
    }
    await slow.post('/v1/events', event());
    await api.caughtUp();
    expect((await slow.get('/v1/export')).status).toBe(200);
    await expect.poll(async () => requests(await scrape(slow), labels)).toBe(1);
    const metrics = await scrape(slow);
    const bucket = 'event_ledger_http_request_duration_seconds_bucket';
    expect(metrics.value(bucket, { ...labels, le: '0.25' })).toBe(0);
    await slow.close();
  });

  it('counts submitted events by what became of them, on every route', async () => {
    const before = await scrape(api);
    const [one, other] = [event({ source: newSource(), id: '1' }), event({ source: newSource(), id: '1' })];
    await api.post('/v1/events', one);
    await api.post('/v1/events', [one, other, { ...one, payload: 'another' }, 7]);
    await api.post('/events', other);
    const after = await scrape(api);
    const grown = ['queued', 'replayed', 'refused', 'unavailable'].map(
      (outcome) => (submitted(after, outcome) ?? 0) - (submitted(before, outcome) ?? 0),
    );
    expect(grown).toEqual([2, 2, 2, 0]);
  });

  it('counts what the log does not take as unavailable', async () => {
    const one = await startApi({
      database: api.database,
      project: false,
      wrapLog: (log) => ({
        ...log,
        append: () => Promise.reject(new LedgerError('log-unavailable', 'as the test wants it')),
      }),
    });
    expect((await one.post('/v1/events', [event(), event()])).status).toBe(503);
    expect(submitted(await scrape(one), 'unavailable')).toBe(2);
    await one.close();
  });

  it('says how large the ledger is and how far it is behind, and what the projector has done', async () => {
    const source = newSource();
    await api.post('/v1/events', [event({ source, id: '1' }), event({ source, id: '2' })]);
    await api.caughtUp();
    const { size } = await api.reader.head();
    // the ledger shows a commit a moment before the projector hears of it
    await expect.poll(async () => chained(await scrape(api))).toEqual([size, size]);
    const metrics = await scrape(api);
    const value = (name: string, labels?: Record<string, string>): number | null =>
      metrics.value(`event_ledger_${name}`, labels);
    expect([value('lag_events'), value('lag_seconds'), value('alarms')]).toEqual([0, 0, 0]);
    expect(value('health', { status: 'ok' })).toBe(1);
    expect(value('projector_state', { state: 'leading' })).toBe(1);
    expect(value('projector_state', { state: 'diverged' })).toBe(0);
    const batches = value('projector_batches_total') ?? 0;
    expect(batches).toBeGreaterThan(0);
    expect(batches).toBeLessThanOrEqual(size);
    expect(value('projector_commit_seconds_total')).toBeGreaterThan(0);
    expect(value('projector_redeliveries_total')).toBe(0);
    expect(value('projector_subscription_interruptions_total', { reason: 'slow-consumer' })).toBe(0);
  });

  it('says what the last verification came to, once there was one', async () => {
    const before = Date.now() / 1_000;
    expect((await scrape(api)).value('event_ledger_last_verification_intact')).toBeNull();
    await api.get('/v1/verify');
    const metrics = await scrape(api);
    expect(metrics.value('event_ledger_last_verification_intact')).toBe(1);
    const at = metrics.value('event_ledger_last_verification_timestamp_seconds') ?? 0;
    expect(at - before).toBeGreaterThanOrEqual(-0.001);
    expect(at - before).toBeLessThan(60);
  });

  it('lists alarms that any projector kept, one line a cause, a bounded number of them, and how many there are', async () => {
    const idle = await startApi({ project: false });
    const since = '2026-11-20T10:00:00.000Z' as Instant;
    const alarm = { code: 'stream-deleted', since, detail: 'confidential' };
    const odd = 'a "quoted" \\ source, {with} =all, of it';
    await leading(idle.database.projectorUrl, async (leadership) => {
      await leadership.keepAlarms(
        Array.from({ length: 150 }, (_, n) => ({ ...alarm, source: `source ${n}`, place: '' })),
      );
      await leadership.keepAlarms([
        { ...alarm, source: odd, place: '1' },
        { ...alarm, source: odd, place: '2' },
        { ...alarm, code: 'log-diverged', source: null, place: 'size 0' },
      ]);
    });
    const metrics = await scrape(idle);
    expect(metrics.value('event_ledger_alarms')).toBe(153);
    const listed = metrics.all.get('event_ledger_alarm')?.samples ?? [];
    expect(listed).toHaveLength(100);
    expect(listed.every(({ value }) => value === 1)).toBe(true);
    expect(metrics.value('event_ledger_alarm', { code: 'stream-deleted', source: odd })).toBe(1);
    expect(metrics.value('event_ledger_alarm', { code: 'log-diverged', source: '' })).toBe(1);
    expect(metrics.value('event_ledger_health', { status: 'degraded' })).toBe(1);
    // no projector runs there
    expect([...metrics.all.keys()].filter((name) => name.includes('projector'))).toEqual([]);
    expect((await idle.get('/metrics')).text).not.toContain('confidential');
    await idle.close();
  });

  it('are those of one server: another one in the process counts for itself', async () => {
    const other = await startApi({ database: api.database, project: false });
    const metrics = await scrape(other);
    expect(submitted(metrics, 'queued')).toBe(0);
    expect(requests(metrics, { method: 'POST' })).toBeNull();
    await other.close();
  });
});

describe('/metrics while PostgreSQL', () => {
  /** What only the stores know is absent; the rest is there, soon. */
  async function expectTheRest(api: TestApi): Promise<void> {
    const began = performance.now();
    const metrics = await scrape(api);
    expect(performance.now() - began).toBeLessThan(2_000);
    for (const name of ['entries', 'lag_events', 'lag_seconds', 'alarms', 'alarm'])
      expect(metrics.all.has(`event_ledger_${name}`), name).toBe(false);
    expect(submitted(metrics, 'queued')).toBe(1);
    expect(metrics.value('event_ledger_projector_batches_total')).toBe(1);
    expect(metrics.value('process_start_time_seconds')).toBeGreaterThan(0);
  }

  it('is stopped answers soon, without what cannot be known, and has it again afterwards', async () => {
    const server = await startServer();
    const api = await startApi({ database: await createLedgerDatabase(server.superuserUrl) });
    await api.post('/v1/events', event());
    await expect.poll(async () => chained(await scrape(api))).toEqual([1, 1]);
    await server.stop();
    const is = async (name: string, labels?: Record<string, string>): Promise<number | null> =>
      (await scrape(api)).value(`event_ledger_${name}`, labels);
    await expect.poll(() => is('health', { status: 'down' })).toBe(1);
    await expect.poll(() => is('projector_state', { state: 'retrying' })).toBe(1);
    await expectTheRest(api);
    await server.start();
    await expect.poll(() => is('entries'), { timeout: 20_000 }).toBe(1);
    await api.close();
    await server.remove();
  });

  it('hangs answers soon, without what cannot be known', async () => {
    const database = await createLedgerDatabase();
    const proxy = await startProxy(database.apiUrl);
    const api = await startApi({ database: { ...database, apiUrl: proxy.url } });
    await api.post('/v1/events', event());
    await api.caughtUp();
    proxy.freeze();
    await expectTheRest(api);
    proxy.heal();
    await api.close();
    await proxy.close();
    await database.drop();
  });
});
