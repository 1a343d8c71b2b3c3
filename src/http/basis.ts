/** What every server of ours is made of, whatever its routes: limits, errors, credentials, and an end in time. */
import { setMaxListeners } from 'node:events';
import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:tls';
import fastify, { type FastifyServerOptions } from 'fastify';
import type { Logger } from 'pino';
import type { Authenticator } from './authentication.js';
import type { ServerCertificate } from './certificate.js';
import { allowOrigins } from './cors.js';
import { describeRoutes, type Description } from './describing.js';
import { JSON_TYPE, NDJSON_TYPE, SCHEMA_TYPE } from './documents.js';
import { handleClientError, handleErrors, handleFrameworkError } from './errors.js';
import { completeAnswers } from './every-answer.js';
import { guardRequests } from './guard.js';
import { readForwarded } from './forwarded.js';
import {
  CONNECTIONS,
  MAX_BODY_BYTES,
  MAX_HEAD_BYTES,
  MAX_SEGMENT_BYTES,
  type ConnectionLimits,
  type Rates,
} from './limits.js';
import { answerHalfOpen } from './lingering.js';
import type { Durations } from './metrics/durations.js';
import { observeRequests } from './metrics/requests.js';
import { guardRates } from './rate-limits.js';
import { requestIdOf } from './request-id.js';
import { followHandshakes, optionsOfTls } from './secured.js';
import type { App } from './services.js';
import { checkTransport } from './transport.js';
import type { Refusals } from './watching/refusals.js';

export interface BasisParts {
  readonly authenticator: Authenticator;
  readonly logger: Logger;
  /** of the program, for /openapi.json and /metrics */
  readonly version: string;
  /** told of whom is not let in, or has not the right */
  readonly refusals?: Refusals | undefined;
  /** CONNECTIONS unless given */
  readonly connections?: Partial<ConnectionLimits>;
  /** RATES unless given */
  readonly rates?: Partial<Rates>;
  /** whose pages may ask; none unless given */
  readonly corsOrigins?: readonly string[];
  /** what it shows as HTTPS; it is HTTP unless given */
  readonly certificate?: ServerCertificate | null;
  /** whose word is taken for whom a request is from, and how it came (config/proxies.ts); nobody's unless given */
  readonly proxies?: readonly string[];
  /** whether credentials are taken over plain HTTP from other machines, too; default: no */
  readonly plainHttp?: boolean;
}

export interface Basis {
  /** without routes */
  readonly app: App;
  /** aborted when the server begins to stop: streams and waits end */
  readonly closing: AbortSignal;
  /** of its requests */
  readonly durations: Durations;
  /** of its routes */
  readonly description: Description;
}

/** What is still open so long after the server began to stop is cut off. */
const CLOSING_MS = 3_000;

export function makeBasis(parts: BasisParts): Basis {
  const {
    authenticator,
    logger,
    version,
    connections,
    corsOrigins = [],
    certificate = null,
    proxies = [],
  } = parts;
  const limits = { ...CONNECTIONS, ...connections };
  const http = {
    maxHeaderSize: MAX_HEAD_BYTES,
    headersTimeout: limits.headersMs,
    connectionsCheckingInterval: limits.checkMs,
    // a missing Host is refused by guard.ts, as a problem
    requireHostHeader: false,
  };
  const tls = certificate === null ? null : optionsOfTls(certificate, limits.handshakeMs);
  const options: FastifyServerOptions = {
    // Fastify's own log lines hold URLs, and URLs hold parts of payloads: what happens is logged by us
    logger: false,
    genReqId: requestIdOf,
    trustProxy: proxies.length > 0 && [...proxies],
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: limits.requestMs,
    connectionTimeout: limits.silenceMs,
    keepAliveTimeout: limits.keepAliveMs,
    return503OnClosing: false,
    routerOptions: {
      maxParamLength: MAX_SEGMENT_BYTES,
      // read by parameters.ts, strictly
      querystringParser: () => ({}),
    },
    frameworkErrors: handleFrameworkError,
    clientErrorHandler: handleClientError,
  };
  // the types know a server of HTTPS as another one, which has all that this one has
  const app = fastify({
    ...options,
    ...(tls === null ? { http } : { https: { ...http, ...tls } }),
  } as typeof options) as App;
  if (app.server instanceof TlsServer) certificate?.follow(app.server);
  // beyond a thousand fields Node.js would drop them without a word; their bytes are limited
  app.server.maxHeadersCount = 0;
  limitConnections(app.server, limits.most, logger);
  const closing = closeInTime(app, followHandshakes(app.server));
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
  completeAnswers(app);
  if (proxies.length > 0) readForwarded(app);
  allowOrigins(app, corsOrigins);
  handleErrors(app, logger);
  const transport = checkTransport({
    secured: certificate !== null,
    plainHttp: parts.plainHttp ?? false,
    proxied: proxies.length > 0,
  });
  guardRequests(app, {
    authenticator,
    closing,
    transport,
    rates: guardRates(app, parts.rates),
    refusals: parts.refusals,
  });
  return { app, closing, durations, description: describeRoutes(app, version) };
}

/** Nobody is told once for each of them: a flood shall not fill the log, too. */
const REFUSED_EVERY_MS = 60_000;

/** Connections beyond the limit are closed at once: a process without file descriptors would serve nobody. */
function limitConnections(server: Server, most: number, logger: Logger): void {
  server.maxConnections = most;
  let toldAt = -Infinity;
  server.on('drop', () => {
    if (performance.now() - toldAt < REFUSED_EVERY_MS) return;
    toldAt = performance.now();
    logger.warn({ most }, 'connections are refused: as many as may be (MAX_CONNECTIONS) are open');
  });
}

/**
 * @param cutOff what the server does not know of itself
 * @returns a signal that is aborted when the server begins to stop
 */
function closeInTime(app: App, cutOff: () => void): AbortSignal {
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
      else {
        app.server.closeAllConnections();
        cutOff();
      }
    }, 50);
    done();
  });
  app.addHook('onClose', (_app, done) => {
    clearInterval(timer);
    done();
  });
  return closing.signal;
}
