/**
 * Cross-origin requests (WHATWG Fetch, 3.2): pages of the origins that were configured may ask, others may not. Programs
 * send their credentials in Authorization themselves; those that a browser keeps are never asked for.
 */
import type { FastifyInstance } from 'fastify';

/** What a page may read besides the body. */
const EXPOSED =
  'link, location, preference-applied, retry-after, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, x-request-id';

/** So many seconds a browser does not ask again. */
const MAX_AGE_S = 600;

/** @param origins as browsers write them, `https://console.example`; none: nothing is said of other origins */
export function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  const isAllowed = (origin: string | undefined): origin is string =>
    origin !== undefined && origins.includes(origin);
  const methods = new Set<string>();
  app.addHook('onRoute', ({ method }) => {
    for (const one of [method].flat()) methods.add(one);
  });
  app.addHook('onRequest', (request, reply, next) => {
    const { origin, ...asked } = request.headers;
    if (
      request.method !== 'OPTIONS' ||
      !isAllowed(origin) ||
      asked['access-control-request-method'] === undefined
    ) {
      next();
      return;
    }
    void reply
      .code(204)
      .headers({
        'access-control-allow-methods': [...methods].join(', '),
        // with those of CloudEvents any may be sent; what they say is looked at as ever
        'access-control-allow-headers': asked['access-control-request-headers'] ?? '',
        'access-control-max-age': String(MAX_AGE_S),
      })
      .send();
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    const { origin } = request.headers;
    const vary = reply.getHeader('vary');
    void reply.header('vary', vary === undefined ? 'origin' : `${String(vary)}, origin`);
    if (isAllowed(origin)) {
      void reply.headers({
        'access-control-allow-origin': origin,
        'access-control-expose-headers': EXPOSED,
      });
    }
    done(null, payload);
  });
}
