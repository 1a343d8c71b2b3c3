/**
 * /openapi.json: the routes as they describe themselves, and what follows from their form, so that no route has to
 * repeat it.
 */
import swagger from '@fastify/swagger';
import type { FastifySchema } from 'fastify';
import type { App } from './services.js';
import { problems, PROBLEM_CONTENT, withHeaders, type HeaderDescriptions } from './shapes.js';

const DESCRIPTION = `The audit log that an organisation can prove.

A path with a method that it does not have is answered 405 (\`components/responses/MethodNotAllowed\`). Requests that are
hardly HTTP are answered 400, 408, 413, 417 or 431 before there is a route, as problems, too.`;

/** The header fields that a status comes with on every route. */
const HEADERS: Readonly<Record<string, HeaderDescriptions>> = {
  401: { 'WWW-Authenticate': 'Basic realm="event-ledger", charset="UTF-8"' },
  415: { Accept: 'the media types that the route takes' },
  429: { 'Retry-After': 'seconds' },
  503: { 'Retry-After': 'seconds' },
};

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
      components: {
        securitySchemes: { basic: { type: 'http', scheme: 'basic' } },
        responses: {
          MethodNotAllowed: {
            description: 'Problem: method-not-allowed',
            headers: { Allow: { schema: { type: 'string' }, description: 'the methods that the path has' } },
            content: PROBLEM_CONTENT,
          },
        },
      },
      security: [{ basic: [] }],
    },
    transform: ({ schema, url }) => ({ schema: completed(schema, url), url }),
  });
}

function completed(schema: FastifySchema, url: string): FastifySchema {
  const responses: Record<string, object> = { ...(schema.response as Record<string, object>) };
  if (url.includes(':')) responses[414] = problems(414)[414] ?? {};
  for (const [status, headers] of Object.entries(HEADERS)) {
    const response = responses[status];
    if (response !== undefined) responses[status] = withHeaders(response, headers);
  }
  const page = responses[200];
  if (page !== undefined && hasCursor(schema.querystring)) {
    responses[200] = withHeaders(page, {
      Link: 'the next page, with rel="next" (RFC 8288); not on the last one',
    });
  }
  return { ...schema, response: responses };
}

function hasCursor(querystring: unknown): boolean {
  const { properties = {} } = (querystring ?? {}) as { readonly properties?: object };
  return 'cursor' in properties;
}
