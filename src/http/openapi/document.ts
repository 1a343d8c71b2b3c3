/** The document of OpenAPI that routes make, completed. */
import swagger from '@fastify/swagger';
import fastify, { type FastifySchema, type RouteOptions } from 'fastify';
import type { Right } from '../../access/principal.js';
import { SECURITY } from '../authorization.js';
import { GIVEN_SHAPES } from '../text-shapes.js';
import { completed, EVERY_ANSWERS_HEADERS, type Described } from './completing.js';
import { nameShapes } from './named-shapes.js';

const DESCRIPTION = `The audit log that an organisation can prove.

Requests that are hardly HTTP are answered 400, 408, 413, 417 or 431 before there is a route, as problems, too. A route
that answers GET answers HEAD, unless it says otherwise. A request may name itself in \`X-Request-Id\` (at most 128 of \`A-Z a-z 0-9 _ . : / = + ~ @ -\`);
answers and our logs then call it so.`;

const TAGS = [
  { name: 'events', description: 'Reporting what happened.' },
  { name: 'ledger', description: 'What the ledger has, in lines that can be verified.' },
  { name: 'sources', description: 'What each source reported, straight from the event log.' },
  { name: 'proof', description: 'Verifying the ledger, and taking it out of the building.' },
  { name: 'schemas', description: 'JSON Schemas of event types: they judge what comes after them.' },
  { name: 'credentials', description: 'Who may ask the API, and what for.' },
  { name: 'operations', description: 'For those who run it.' },
  { name: 'drop-in', description: 'The contracts of the event loggers that users come from.' },
];

/**
 * @param routes as Fastify tells of them when they are added; a HEAD beside its GET is left out
 * @param version of the program
 */
export async function documentOf(routes: readonly RouteOptions[], version: string): Promise<object> {
  // @fastify/swagger describes the server that it is part of: one that only says what the routes are, and never listens
  const server = fastify({ exposeHeadRoutes: false });
  server.setValidatorCompiler(() => () => true);
  server.setSerializerCompiler(() => JSON.stringify);
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'event-ledger',
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
        version,
      },
      servers: [{ url: '/', description: 'the server that this document came from' }],
      tags: TAGS,
      components: {
        headers: EVERY_ANSWERS_HEADERS,
        securitySchemes: {
          basic: {
            type: 'http',
            scheme: 'basic',
            description: 'The user `admin`, or the name of a principal that has a password (RFC 7617).',
          },
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'A key, `el_<id>_<secret>`, or an access token of the issuer (RFC 6750).',
          },
        },
      },
      security: SECURITY,
    },
    transform: ({ schema, url, route }) => ({ schema: withRight(schema, route.config?.needs ?? null), url }),
    transformObject: (document) =>
      'openapiObject' in document
        ? nameShapes(completed(document.openapiObject as Described), GIVEN_SHAPES)
        : {},
  });
  for (const route of routes) if (route.method !== 'HEAD') server.route({ ...route, handler: () => null });
  await server.ready();
  const document = server.swagger();
  await server.close();
  return document;
}

/** What a route's need means for those who ask it. */
function withRight(schema: FastifySchema, needs: Right | null): FastifySchema {
  if (needs === null) return schema;
  const sentence = `Needs the right to ${needs}.`;
  return {
    ...schema,
    description: schema.description === undefined ? sentence : `${schema.description} ${sentence}`,
  };
}
