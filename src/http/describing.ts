/** /openapi.json: the routes as they describe themselves, completed. */
import swagger from '@fastify/swagger';
import { completed, type Described } from './openapi/completing.js';
import { nameShapes } from './openapi/named-shapes.js';
import type { App } from './services.js';

const DESCRIPTION = `The audit log that an organisation can prove.

Requests that are hardly HTTP are answered 400, 408, 413, 417 or 431 before there is a route, as problems, too. A route
that answers GET answers HEAD, unless it says otherwise.`;

export function describeApi(app: App, version: string): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'event-ledger',
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
        version,
      },
      servers: [{ url: '/', description: 'the server that this document came from' }],
      components: { securitySchemes: { basic: { type: 'http', scheme: 'basic' } } },
      security: [{ basic: [] }],
    },
    transformObject: (document) =>
      'openapiObject' in document ? nameShapes(completed(document.openapiObject as Described)) : {},
  });
}
