/** What Prometheus wants to know of any process: memory, CPU, event loop, garbage collection. */
import { collectDefaultMetrics, Registry } from 'prom-client';

let registry: Registry | null = null;

/** One for the process, whatever it serves: its observers, once made, cannot be ended. */
export function processMetrics(): Registry {
  if (registry === null) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
  }
  return registry;
}
