/** The API as a Fastify instance: made here from its parts, and made to listen elsewhere. */
import type { CredentialRegister, Outbox } from '../access/port.js';
import type { EventLog } from '../event-log/port.js';
import type { LedgerReader } from '../read-model/port.js';
import type { SchemaRegistry } from '../schemas/registry.js';
import { doorProblems } from '../schemas/verdict.js';
import { makeBasis, type BasisParts } from './basis.js';
import { openDoor } from './door.js';
import { dropInContracts } from './drop-in/drop-in.js';
import { monitorHealth } from './health.js';
import { PLAIN_VERIFICATION_MS, TAILS, type TailLimits } from './limits.js';
import { keepMetrics } from './metrics/metrics.js';
import type { ProjectorView } from './projector-view.js';
import { postEvents } from './routes/events.js';
import { credentialRoutes } from './routes/credentials.js';
import { docsRoutes } from './routes/docs.js';
import { exportRoute } from './routes/export.js';
import { readLedger } from './routes/ledger.js';
import { operations } from './routes/operations.js';
import { schemaRoutes } from './routes/schemas.js';
import { readSources } from './routes/sources.js';
import { statsRoute } from './routes/stats.js';
import { tailRoute } from './routes/tail.js';
import { verifyRoute } from './routes/verify.js';
import { followSchemas, type SchemaFollower } from './schema-follower.js';
import type { App, Services } from './services.js';
import { createVerifier } from './verifying.js';
import { deliverThrough } from './watching/delivering.js';
import { recordReads } from './watching/reads.js';
import { SummedRefusals, type RefusalsOptions } from './watching/refusals.js';
import { watchInto } from './watching/watch.js';

export interface ServerParts extends Omit<BasisParts, 'refusals'> {
  readonly log: EventLog;
  readonly reader: LedgerReader;
  /** changed over HTTP by administrators */
  readonly credentials: CredentialRegister;
  /** kept by the server as the ledger has it, from `ready` to `close` */
  readonly schemas: SchemaRegistry;
  /** what the projector says of itself, where it runs in this process */
  readonly projector?: () => ProjectorView;
  /** how many tails at once, and how slow their clients may be; 100 and 30 s unless given */
  readonly tails?: Partial<TailLimits>;
  /** where events of `_access` wait, which this process delivers; without it nothing is recorded of who asks what */
  readonly outbox?: Outbox;
  /** whether each reading of entries is recorded, too; not unless given */
  readonly recordReads?: boolean;
  /** whose credentials were tried, null for nobody's who is known: unknown names are not told, unless given */
  readonly nameOf?: RefusalsOptions['nameOf'];
  /** how long the plain form of /v1/verify may take; 60 s unless given */
  readonly plainVerificationMs?: number;
}

const SCHEMAS_MS = 3_000;

/**
 * Build the API. The caller makes it listen, and closes it: requests under way are answered, streams and waits end,
 * within a few seconds. The log, the reader and the outbox stay open.
 */
export function buildServer(parts: ServerParts): App {
  const { log, reader, schemas, logger } = parts;
  const { outbox, nameOf = () => null } = parts;
  const refusals = outbox && new SummedRefusals({ outbox, nameOf });
  const { app, closing, durations, description } = makeBasis({ ...parts, refusals });
  const door = openDoor({
    log,
    reader,
    logger,
    checkSchema: (source, type, payload, shared) => doorProblems(source, type, payload, schemas, shared),
  });
  app.addHook('onReady', (done) => {
    outbox?.deliver(deliverThrough(door));
    done();
  });
  app.addHook('onClose', async () => {
    await refusals?.flush();
  });
  const services: Services = { log, reader, door, watch: watchInto(outbox), logger, closing };
  if (parts.recordReads === true) recordReads(app, services.watch);
  const verifier = createVerifier({ reader, log });
  const health = monitorHealth({ log, reader, projector: parts.projector, verifier });
  const { version, projector } = parts;
  const counted = { durations, submitted: door.counts };
  const metrics = keepMetrics({ health, verifier, version, projector, outbox, ...counted });
  const follower = keepSchemas(app, parts);
  const obstacle = (): string | null => (follower.started() ? null : 'The schemas are not known yet.');

  app.register((routes, _options, done) => {
    const scope = routes as App;
    postEvents(scope, services);
    readLedger(scope, services, health);
    statsRoute(scope, services);
    tailRoute(scope, services, { ...TAILS, ...parts.tails });
    readSources(scope, services);
    verifyRoute(scope, services, { verifier, limitMs: parts.plainVerificationMs ?? PLAIN_VERIFICATION_MS });
    exportRoute(scope, services);
    schemaRoutes(scope, services, schemas);
    credentialRoutes(scope, parts.credentials);
    docsRoutes(scope);
    operations(scope, { health, verifier, metrics, projector, closing, obstacle, description });
    dropInContracts(scope, services);
    done();
  });
  return app;
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
