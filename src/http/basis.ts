/** What every server of ours is made of, whatever its routes: limits, errors, credentials, and an end in time. */
import { setMaxListeners } from 'node:events';
import fastify from 'fastify';
import type { Logger } from 'pino';
import type { Authenticator } from './authentication.js';
import { describeApi } from './describing.js';
import { JSON_TYPE, MAX_BODY_BYTES, NDJSON_TYPE, SCHEMA_TYPE } from './documents.js';
import { handleClientError, handleErrors, handleFrameworkError } from './errors.js';
import { guardRequests } from './guard.js';
import { answerHalfOpen } from './lingering.js';
import type { Durations } from './metrics/durations.js';
import { observeRequests } from './metrics/requests.js';
import { newRequestId } from './request-id.js';
import type { App } from './services.js';

export interface BasisParts {
  readonly authenticator: Authenticator;
  readonly logger: Logger;
  /** of the program, for /openapi.json and /metrics */
  readonly version: string;
}

export interface Basis {
  /** without routes */
  readonly app: App;
  /** aborted when the server begins to stop: streams and waits end */
  readonly closing: AbortSignal;
  /** of its requests */
  readonly durations: Durations;
}

/** A name of 512 bytes, every one of them percent-encoded. */
const LONGEST_SEGMENT = 3 * 512;
/** The URL and all header fields: a query may hold several such names. */
const LONGEST_HEAD = 32 * 1024;
const REQUEST_MS = 60_000;
const HEADERS_MS = 20_000;
/** No byte in either direction: longer than any silence of ours (Prefer: wait, a verification). */
const SILENCE_MS = 120_000;
const KEEP_ALIVE_MS = 72_000;
/** What is still open so long after the server began to stop is cut off. */
const CLOSING_MS = 3_000;

export function makeBasis({ authenticator, logger, version }: BasisParts): Basis {
  const app: App = fastify({
    // Fastify's own log lines hold URLs, and URLs hold parts of payloads: what happens is logged by us
    logger: false,
    genReqId: newRequestId,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_MS,
    connectionTimeout: SILENCE_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // a missing Host is refused by guard.ts, as a problem
    http: { maxHeaderSize: LONGEST_HEAD, headersTimeout: HEADERS_MS, requireHostHeader: false },
    return503OnClosing: false,
    routerOptions: {
      maxParamLength: LONGEST_SEGMENT,
      // read by parameters.ts, strictly
      querystringParser: () => ({}),
    },
    frameworkErrors: handleFrameworkError,
    clientErrorHandler: handleClientError,
  });
  // beyond a thousand fields Node.js would drop them without a word; their bytes are limited
  app.server.maxHeadersCount = 0;
  const closing = closeInTime(app);
  answerHalfOpen(app.server);

  // Bodies, parameters and paths are checked by hand; the schemas of routes describe, and hold the tests.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    [JSON_TYPE, NDJSON_TYPE, SCHEMA_TYPE],
    { parseAs: 'buffer' },
    (_request, body, done) => {
      done(null, body);
    },
  );

  const durations = observeRequests(app);
  handleErrors(app, logger);
  guardRequests(app, { authenticator, closing });
  describeApi(app, version);
  return { app, closing, durations };
}

/** @returns a signal that is aborted when the server begins to stop */
function closeInTime(app: App): AbortSignal {
  const closing = new AbortController();
  // any number of requests wait for it at once
  setMaxListeners(0, closing.signal);
  let timer: NodeJS.Timeout | undefined;
  app.addHook('preClose', (done) => {
    closing.abort();
    const started = performance.now();
    timer = setInterval(() => {
      // connections become idle when their last request is answered
      if (performance.now() - started < CLOSING_MS) app.server.closeIdleConnections();
      else app.server.closeAllConnections();
    }, 50);
    done();
  });
  app.addHook('onClose', (_app, done) => {
    clearInterval(timer);
    done();
  });
  return closing.signal;
}
