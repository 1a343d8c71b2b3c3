/** The contracts of the event loggers that our users come from (docs/drop-in.md): other names, the same door and ledger. */
import type { App, Services } from '../services.js';
import { actionRoutes } from './actions.js';
import { postEvents } from './events.js';
import { logRoutes } from './logs.js';
import { readPlainEvents } from './plain.js';
import { queryTypedEvents } from './typed.js';

export function dropInContracts(app: App, services: Services): void {
  postEvents(app, services);
  readPlainEvents(app, services);
  queryTypedEvents(app, services);
  actionRoutes(app, services);
  logRoutes(app, services);
}
