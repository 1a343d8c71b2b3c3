/** GET /metrics: what Prometheus reads, in its text format (version 0.0.4). */
import { setTimeout as delay } from 'node:timers/promises';
import { Registry } from 'prom-client';
import type { Outbox } from '../../access/port.js';
import type { SubmittedCounts } from '../door.js';
import type { HealthMonitor } from '../health.js';
import type { ProjectorView } from '../projector-view.js';
import type { Verifier } from '../verifying.js';
import type { Durations } from './durations.js';
import { describeMoment } from './ledger.js';
import { processMetrics } from './process.js';

export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

export interface MetricsParts {
  readonly health: HealthMonitor;
  readonly version: string;
  /** of the requests of this server */
  readonly durations: Durations;
  readonly submitted?: () => SubmittedCounts;
  readonly verifier?: Pick<Verifier, 'last'>;
  readonly projector: (() => ProjectorView) | undefined;
  readonly outbox?: Pick<Outbox, 'waiting'> | undefined;
}

export interface Metrics {
  /** Never rejects, and takes about a second at most, whatever hangs. */
  scrape(): Promise<string>;
}

/** Whoever scrapes waits so long for the stores. */
const PATIENCE_MS = 1_000;

export function keepMetrics(parts: MetricsParts): Metrics {
  const ofProcess = processMetrics();

  return {
    async scrape() {
      const [health, waiting] = await Promise.all([
        inTime(parts.health.health()),
        inTime(parts.outbox?.waiting().catch(() => null) ?? null),
      ]);
      const ofMoment = new Registry();
      describeMoment(ofMoment, {
        version: parts.version,
        health,
        waiting,
        submitted: parts.submitted?.() ?? null,
        projector: parts.projector?.() ?? null,
        lastVerification: parts.verifier?.last() ?? null,
      });
      return [await ofMoment.metrics(), parts.durations.text(), await ofProcess.metrics()].join('\n');
    },
  };
}

async function inTime<Value>(promise: Promise<Value> | null): Promise<Value | null> {
  const enough = new AbortController();
  const late = delay(PATIENCE_MS, null, { signal: enough.signal }).catch(() => null);
  try {
    return await Promise.race([promise, late]);
  } finally {
    enough.abort();
  }
}
