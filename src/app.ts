/** The one place where the parts are wired together: stores, log, ledger, projector, API. */
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { EventLog } from './event-log/port.js';
import { openPostgresEventLog } from './event-log/postgres/event-log.js';
import { singleUser } from './http/authentication.js';
import { buildServer } from './http/server.js';
import { LedgerError } from './ledger/error.js';
import { instantFromMs } from './ledger/time.js';
import { startProjector, type Projector } from './projector/projector.js';
import type { LedgerReader } from './read-model/port.js';
import { openReader } from './read-model/reader.js';
import { openWriter } from './read-model/writer.js';
import { readSchemaFiles, registerSchemas } from './schemas/files.js';
import { SchemaRegistry } from './schemas/registry.js';
import type { Stores } from './stores.js';

export interface ApiOptions {
  readonly host: string;
  readonly port: number;
  readonly adminPassword: string;
  /** tails that are served at once */
  readonly maxTails: number;
  readonly version: string;
}

/** A part that runs until it is closed. */
export interface Running {
  close(): Promise<void>;
}

export interface RunningApi extends Running {
  /** where it listens, with the port that was taken when 0 was asked for */
  readonly url: string;
}

export interface RunningProjector extends Running {
  readonly status: Projector['status'];
}

const SCHEMAS_DIRECTORY = fileURLToPath(new URL('../schemas/', import.meta.url));

/** Project until closed. */
export async function runProjector(stores: Stores, logger: Logger): Promise<RunningProjector> {
  const log = await openEventLog(stores, 'projector');
  const writer = openWriter({ url: stores.projectorUrl, logger });
  const projector = startProjector({ log, writer, logger });
  // nothing waits for it: projecting begins as soon as it can
  reportSelfCheck(writer, logger).catch((error: unknown) =>
    logger.warn({ err: error }, 'the database could not be checked'),
  );
  return {
    status: () => projector.status(),
    async close() {
      await projector.stop();
      await Promise.all([writer.close(), log.close()]);
    },
  };
}

/**
 * Serve the API until closed. Schemas that were never registered are, before the first request.
 * @throws LedgerError `in-use` (the port), `invalid-configuration` (a schema file), `schema-version`, `access-denied`,
 *   `store-unavailable`
 */
export async function runApi(
  stores: Stores,
  options: ApiOptions,
  logger: Logger,
  projector?: RunningProjector,
): Promise<RunningApi> {
  const files = await readSchemaFiles(SCHEMAS_DIRECTORY);
  const reader = openReader({ url: stores.apiUrl });
  const log = await openEventLog(stores, 'api');
  const server = buildServer({
    log,
    reader,
    schemas: new SchemaRegistry(),
    authenticator: singleUser('admin', options.adminPassword),
    tails: { most: options.maxTails },
    logger,
    version: options.version,
    ...(projector === undefined ? {} : { projector: projector.status }),
  });
  const close = async (): Promise<void> => {
    await server.close();
    await Promise.all([reader.close(), log.close()]);
  };
  try {
    await registerSchemas(log, files, { now: () => instantFromMs(Date.now()) });
    await reportSelfCheck(reader, logger);
    const url = await server
      .listen({ host: options.host, port: options.port })
      .catch(explainListening(options));
    return { url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Tampering is a finding, not a failure: the process goes on, and every verification says the same. */
async function reportSelfCheck(login: Pick<LedgerReader, 'selfCheck'>, logger: Logger): Promise<void> {
  const { checked, findings } = await login.selfCheck();
  if (!checked) logger.warn('the database is newer than this program: its catalogue was not checked');
  for (const finding of findings) logger.error({ finding }, 'the database is not as the migrations made it');
}

function explainListening({ host, port }: ApiOptions): (error: unknown) => never {
  return (error) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new LedgerError('in-use', `PORT ${port} on ${host} is taken by another process`, {
        cause: error,
      });
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      const message = `HOST ${host} and PORT ${port}: cannot listen there (${code})`;
      throw new LedgerError('invalid-configuration', message, { cause: error });
    }
    throw error;
  };
}

type LogUser = 'api' | 'projector' | 'command';

/**
 * The event log, as one of its users. Nothing is connected before it is used.
 * @throws LedgerError `invalid-configuration` for a URL that is none
 */
export async function openEventLog(stores: Stores, user: LogUser): Promise<EventLog> {
  if (stores.eventStoreUrl === null) {
    const url = user === 'api' ? stores.apiUrl : stores.projectorUrl;
    return openPostgresEventLog({ url, applicationName: `event-ledger ${user}` });
  }
  // its client is large, and not needed by who keeps the log in PostgreSQL
  const { openEventStoreDbEventLog } = await import('./event-log/eventstoredb/event-log.js');
  return openEventStoreDbEventLog({ url: stores.eventStoreUrl });
}
