/** The schemas in force. */
import type { SchemaRegistry } from '../../schemas/registry.js';
import type { App, Services } from '../services.js';

export function schemaRoutes(_app: App, _services: Services, _schemas: SchemaRegistry): void {
  // routes
}
