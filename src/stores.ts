/** Where log and ledger are kept: in a PostgreSQL that was named, or the embedded one that is run here; the log in EventStoreDB where one was named. */
import type { Logger } from 'pino';
import type { Config } from './config.js';
import { LedgerError } from './ledger/error.js';
import {
  attachOrStart,
  isInitialised,
  startEmbedded,
  type EmbeddedServer,
} from './postgres/server/embedded.js';
import { unlessAborted } from './postgres/unless-aborted.js';

/** Where they are. */
export interface StoreUrls {
  /** logins with the rights of an API process, and of a projector */
  readonly apiUrl: string;
  readonly projectorUrl: string;
  /** for migrate and rebuild; null when it was not configured */
  readonly adminUrl: string | null;
  /** EventStoreDB; null: the event log is a table in the same PostgreSQL */
  readonly eventStoreUrl: string | null;
}

export interface Stores extends StoreUrls {
  readonly embedded: EmbeddedServer | null;
  /**
   * Ends the embedded server when it was started here.
   * @param limitMs what that may take; default 4.5 s, at least 1 s
   */
  close(limitMs?: number): Promise<void>;
}

export interface Opening {
  /** gives up a start that takes long */
  readonly signal?: AbortSignal;
  /** called, perhaps more than once, when there is nothing to do but wait for PostgreSQL: time for other work */
  readonly meanwhile?: () => void;
}

/**
 * The stores to run a ledger on. The embedded ones are migrated here, because one process owns everything; a named
 * database is migrated by hand.
 * @throws LedgerError `in-use` when another process runs the embedded server; `schema-version` when the named database
 *   was not migrated; the signal's reason when it is aborted; and what migrating and connecting throw
 */
export async function openStores(config: Config, logger: Logger, opening: Opening = {}): Promise<Stores> {
  const { signal, meanwhile } = opening;
  if (config.databaseUrl !== null) {
    meanwhile?.();
    await unlessAborted(requireMigrated(config.databaseUrl), signal);
    return namedStores(config, config.databaseUrl);
  }
  const isNew = !(await isInitialised(config.dataDirectory));
  const server = await startEmbedded({
    ...embeddedOptions(config, logger, signal),
    meanwhile() {
      meanwhile?.();
      if (isNew) prepareToMigrate();
    },
  });
  try {
    await unlessAborted(migrateEmbedded(server, config.origin), signal);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return embeddedStores(config, server);
}

/**
 * The stores for a command: a running embedded server is used, otherwise run for the command's own duration.
 * @param signal gives up a start that takes long
 * @throws LedgerError `invalid-configuration` where there is no ledger yet: no command but start makes one
 */
export async function attachToStores(config: Config, logger: Logger, signal?: AbortSignal): Promise<Stores> {
  const named = config.databaseUrl ?? config.databaseAdminUrl;
  if (named !== null) return namedStores(config, named);
  if (!(await isInitialised(config.dataDirectory))) {
    throw new LedgerError(
      'invalid-configuration',
      `LEDGER_DATA: there is no ledger in ${config.dataDirectory}; event-ledger start makes one`,
    );
  }
  const server = await attachOrStart(embeddedOptions(config, logger, signal));
  if (server.owned) await migrateEmbedded(server, config.origin);
  return embeddedStores(config, server);
}

function embeddedOptions(
  config: Config,
  logger: Logger,
  signal?: AbortSignal,
): Parameters<typeof startEmbedded>[0] {
  return { dataDirectory: config.dataDirectory, logger, ...(signal === undefined ? {} : { signal }) };
}

/** What only a new database needs, loaded while its server is made. What fails here fails again where it is needed. */
function prepareToMigrate(): void {
  void import('./read-model/migrate.js').then(({ loadRunner }) => loadRunner()).catch(() => undefined);
}

async function migrateEmbedded(server: EmbeddedServer, origin: string | null): Promise<void> {
  const { migrate } = await import('./read-model/migrate.js');
  await migrate({
    adminUrl: server.url('admin'),
    ...(origin === null ? {} : { origin }),
    grants: [
      { login: 'api', groups: ['api', 'credentials'] },
      { login: 'projector', groups: ['projector'] },
      { login: 'reader', groups: ['reader'] },
    ],
  });
}

async function requireMigrated(url: string): Promise<void> {
  const { openReader } = await import('./read-model/reader.js');
  const reader = openReader({ url });
  try {
    await reader.ready();
  } finally {
    await reader.close();
  }
}

function namedStores(config: Config, url: string): Stores {
  return {
    apiUrl: url,
    projectorUrl: url,
    adminUrl: config.databaseAdminUrl,
    eventStoreUrl: config.eventStoreUrl,
    embedded: null,
    close: () => Promise.resolve(),
  };
}

function embeddedStores(config: Config, server: EmbeddedServer): Stores {
  return {
    apiUrl: server.url('api'),
    projectorUrl: server.url('projector'),
    adminUrl: server.url('admin'),
    eventStoreUrl: config.eventStoreUrl,
    embedded: server,
    close: (limitMs) => server.stop(limitMs),
  };
}

/** @throws LedgerError `invalid-configuration` naming the variable */
export function requireAdminUrl(stores: Stores): string {
  if (stores.adminUrl !== null) return stores.adminUrl;
  throw new LedgerError('invalid-configuration', 'DATABASE_ADMIN_URL: must be set for this command');
}
