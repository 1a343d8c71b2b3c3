import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { Health } from '../../src/http/health.js';
import { Durations } from '../../src/http/metrics/durations.js';
import { describeMoment, type Moment } from '../../src/http/metrics/ledger.js';
import { keepMetrics } from '../../src/http/metrics/metrics.js';
import { PROJECTOR_STATES, type ProjectorView } from '../../src/http/projector-view.js';
import { instantFromMs } from '../../src/ledger/time.js';
import { NO_HASH } from '../../src/ledger/types.js';
import { parseMetrics, type Metrics } from '../support/metrics.js';

const projector: ProjectorView = {
  state: 'leading',
  detail: null,
  alarms: [],
  counts: {
    batches: 3,
    entries: { accepted: 5, rejected: 2, duplicate: 1 },
    commitSeconds: 0.25,
    redeliveries: 4,
    interruptions: { 'slow-consumer': 7, other: 6 },
  },
};
const alarm = { code: 'log-diverged', source: null, place: '', since: instantFromMs(0), detail: 'd' };
const healthy: Health = {
  status: 'ok',
  lag: { events: 2, seconds: 1.5 },
  head: { size: 8, hash: NO_HASH },
  alarms: [],
};

async function at(moment: Partial<Moment>): Promise<Metrics> {
  const registry = new Registry();
  describeMoment(registry, {
    ...{ version: '1.2.3', health: null, waiting: null, submitted: null },
    ...{ projector: null, lastVerification: null },
    ...moment,
  });
  return parseMetrics(await registry.metrics());
}

const names = ({ all }: Metrics): readonly string[] =>
  [...all.keys()].map((name) => name.replace('event_ledger_', ''));

describe('the metrics of a moment', () => {
  it('have no line for what is not known', async () => {
    expect(names(await at({}))).toEqual(['build_info']);
    const blind = await at({ health: { ...healthy, lag: { events: null, seconds: null } } });
    expect(names(blind)).toEqual(['build_info', 'health', 'entries', 'alarms']);
    const uncounted = await at({ health: { ...healthy, lag: { events: null, seconds: 0 } } });
    expect(uncounted.value('event_ledger_lag_seconds')).toBe(0);
    expect(names(uncounted)).not.toContain('lag_events');
  });

  it('have what this process knows of alarms, but not how many there are, while the stores are down', async () => {
    const down: Health = { ...healthy, status: 'down', head: null, alarms: [alarm] };
    for (const metrics of [
      await at({ health: down }),
      await at({ projector: { ...projector, alarms: [alarm] } }),
    ]) {
      expect(metrics.value('event_ledger_alarm', { code: 'log-diverged' })).toBe(1);
      expect(names(metrics)).not.toContain('alarms');
    }
  });

  it.each(PROJECTOR_STATES)('say in which state the projector is: %s', async (state) => {
    const metrics = await at({ projector: { ...projector, state } });
    const { samples = [] } = metrics.all.get('event_ledger_projector_state') ?? {};
    expect(samples.filter(({ value }) => value === 1).map(({ labels }) => labels)).toEqual([{ state }]);
    expect(samples.map(({ labels }) => labels.state)).toEqual(PROJECTOR_STATES);
  });

  it('have what the projector has counted', async () => {
    const metrics = await at({ projector });
    const value = (name: string, labels = {}): number | null =>
      metrics.value(`event_ledger_projector_${name}`, labels);
    expect([
      value('batches_total'),
      value('entries_total', { verdict: 'accepted' }),
      value('entries_total', { verdict: 'rejected' }),
      value('entries_total', { verdict: 'duplicate' }),
      value('commit_seconds_total'),
      value('redeliveries_total'),
      value('subscription_interruptions_total', { reason: 'slow-consumer' }),
      value('subscription_interruptions_total', { reason: 'other' }),
    ]).toEqual([3, 5, 2, 1, 0.25, 4, 7, 6]);
  });
});

describe('a scrape', () => {
  it('waits about a second for stores that hang, and no longer', async () => {
    const hanging = new Promise<never>(() => undefined);
    const metrics = keepMetrics({
      health: { health: () => hanging, ready: () => hanging },
      version: '1.2.3',
      durations: new Durations('x', 'X.'),
      projector: () => projector,
    });
    const began = performance.now();
    const text = parseMetrics(await metrics.scrape());
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(text.value('event_ledger_projector_batches_total')).toBe(3);
    expect(text.value('process_cpu_seconds_total')).toBeGreaterThan(0);
  });
});

describe('durations', () => {
  it('are counted up to the bounds that they do not exceed', () => {
    const durations = new Durations('x', 'X.');
    for (const seconds of [0, 0.0025, 0.0026, 1, 31]) durations.observe('/a/:b', 'GET', 200, seconds);
    durations.observe('/a/:b', 'GET', 404, 0.003);
    durations.observe('/a/:b', 'POST', 204, 0.003);
    const metrics = parseMetrics(durations.text());
    const labels = { route: '/a/:b', method: 'GET', status_class: '2xx' };
    const below = (le: string): number | null => metrics.value('x_bucket', { ...labels, le });
    expect(['0.0025', '0.005', '0.5', '1', '30', '+Inf'].map(below)).toEqual([2, 3, 3, 4, 4, 5]);
    expect(metrics.value('x_count', labels)).toBe(5);
    expect(metrics.value('x_sum', labels)).toBeCloseTo(32.0051);
    expect(metrics.value('x_count', { ...labels, status_class: '4xx' })).toBe(1);
    expect(metrics.value('x_count', { ...labels, method: 'POST' })).toBe(1);
  });
});
