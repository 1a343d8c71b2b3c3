/** What a projector's process serves: how it is, for probes, operators and Prometheus. Nothing of the ledger itself. */
import type { EventLog } from '../event-log/port.js';
import type { LedgerReader } from '../read-model/port.js';
import { makeBasis, type BasisParts } from './basis.js';
import { monitorHealth } from './health.js';
import { keepMetrics } from './metrics/metrics.js';
import type { ProjectorView } from './projector-view.js';
import { operations } from './routes/operations.js';
import type { App } from './services.js';

export interface OperationsServerParts extends BasisParts {
  readonly log: Pick<EventLog, 'health' | 'backlog'>;
  readonly reader: Pick<LedgerReader, 'health' | 'head' | 'alarms'>;
  readonly projector: () => ProjectorView;
}

const DIVERGED = 'The log is not the one that the ledger was made from: the projector has stopped.';

/** Made to listen, and closed, as the API is (server.ts). */
export function buildOperationsServer(parts: OperationsServerParts): App {
  const { projector, version } = parts;
  const { app, closing, durations, description } = makeBasis(parts);
  const health = monitorHealth(parts);
  const metrics = keepMetrics({ health, version, durations, projector });
  const obstacle = (): string | null => (projector().state === 'diverged' ? DIVERGED : null);
  app.register((routes, _options, done) => {
    operations(routes, { health, metrics, projector, closing, obstacle, description });
    done();
  });
  return app;
}
