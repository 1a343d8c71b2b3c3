/** /openapi.json: the routes as they describe themselves. */
import type { RouteOptions } from 'fastify';
import type { App } from './services.js';

/** @returns the description (OpenAPI 3.1), made when it is first asked for */
export type Description = () => Promise<object>;

/**
 * Describes the routes that are added to the app from here on. What makes the document of them is loaded when somebody wants
 * one: it would take a twentieth of every start.
 * @param version of the program
 */
export function describeRoutes(app: App, version: string): Description {
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => {
    routes.push(route);
  });
  let document: Promise<object> | undefined;
  return () => (document ??= describe(routes, version));
}

async function describe(routes: readonly RouteOptions[], version: string): Promise<object> {
  const { documentOf } = await import('./openapi/document.js');
  return documentOf(routes, version);
}
