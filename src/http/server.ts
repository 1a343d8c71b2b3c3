/** The API as a Fastify instance: made here from its parts, and made to listen elsewhere. */
import { setMaxListeners } from 'node:events';
import fastify from 'fastify';
import type { Logger } from 'pino';
import type { EventLog } from '../event-log/port.js';
import type { LedgerReader } from '../read-model/port.js';
import type { SchemaRegistry } from '../schemas/registry.js';
import { doorProblems } from '../schemas/verdict.js';
import type { Authenticator } from './authentication.js';
import { describeApi } from './describing.js';
import { JSON_TYPE, MAX_BODY_BYTES, NDJSON_TYPE, SCHEMA_TYPE } from './documents.js';
import { openDoor } from './door.js';
import { handleClientError, handleErrors, handleFrameworkError } from './errors.js';
import { guardRequests } from './guard.js';
import { answerHalfOpen } from './lingering.js';
import { monitorHealth } from './health.js';
import { keepMetrics } from './metrics/metrics.js';
import { observeRequests } from './metrics/requests.js';
import type { ProjectorView } from './projector-view.js';
import { newRequestId } from './request-id.js';
import { postEvents } from './routes/events.js';
import { exportRoute } from './routes/export.js';
import { readLedger } from './routes/ledger.js';
import { operations } from './routes/operations.js';
import { plainContract } from './routes/plain.js';
import { schemaRoutes } from './routes/schemas.js';
import { readSources } from './routes/sources.js';
import { tailRoute, type TailLimits } from './routes/tail.js';
import { verifyRoute } from './routes/verify.js';
import { followSchemas, type SchemaFollower } from './schema-follower.js';
import type { App, Services } from './services.js';
import { createVerifier } from './verifying.js';

export interface ServerParts {
  readonly log: EventLog;
  readonly reader: LedgerReader;
  /** kept by the server as the ledger has it, from `ready` to `close` */
  readonly schemas: SchemaRegistry;
  readonly authenticator: Authenticator;
  /** what the projector says of itself, where it runs in this process */
  readonly projector?: () => ProjectorView;
  readonly logger: Logger;
  /** of the program, for /openapi.json */
  readonly version: string;
  /** how many tails at once, and how slow their clients may be; 100 and 30 s unless given */
  readonly tails?: Partial<TailLimits>;
  /** how long the plain form of /v1/verify may take; 60 s unless given */
  readonly plainVerificationMs?: number;
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
const SCHEMAS_MS = 3_000;
const TAILS: TailLimits = { most: 100, patienceMs: 30_000 };
/** Longer answers do not survive proxies: they are given as lines. */
const PLAIN_VERIFICATION_MS = 60_000;

/**
 * Build the API. The caller makes it listen, and closes it: requests under way are answered, streams and waits end,
 * within a few seconds. The log and the reader stay open.
 */
export function buildServer(parts: ServerParts): App {
  const { log, reader, schemas, logger } = parts;
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
  guardRequests(app, { authenticator: parts.authenticator, closing });
  describeApi(app, parts.version);

  const door = openDoor({
    log,
    reader,
    logger,
    checkSchema: (source, type, payload, shared) => doorProblems(source, type, payload, schemas, shared),
  });
  const services: Services = { log, reader, door, logger, closing };
  const verifier = createVerifier({ reader, log });
  const health = monitorHealth({ log, reader, projector: parts.projector, verifier });
  const { version, projector } = parts;
  const counted = { durations, submitted: door.counts };
  const metrics = keepMetrics({ health, verifier, version, projector, ...counted });
  const follower = keepSchemas(app, parts);

  app.register((routes, _options, done) => {
    const scope = routes as App;
    postEvents(scope, services);
    readLedger(scope, services, health);
    tailRoute(scope, services, { ...TAILS, ...parts.tails });
    readSources(scope, services);
    verifyRoute(scope, services, { verifier, limitMs: parts.plainVerificationMs ?? PLAIN_VERIFICATION_MS });
    exportRoute(scope, services);
    schemaRoutes(scope, services, schemas);
    operations(scope, services, { health, verifier, metrics, started: follower.started });
    plainContract(scope, services);
    done();
  });
  return app;
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

function keepSchemas(app: App, parts: ServerParts): { readonly started: () => boolean } {
  let follower: SchemaFollower | null = null;
  app.addHook('onReady', async () => {
    follower = followSchemas(parts);
    await follower.catchUp(SCHEMAS_MS);
  });
  app.addHook('onClose', async () => {
    await follower?.stop();
  });
  return { started: () => follower?.caughtUp === true };
}
