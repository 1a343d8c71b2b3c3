/** The one place where the parts are wired together: stores, log, ledger, projector, API. */
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { actingAtOnce } from './access/acting-at-once.js';
import { CONFIGURED_ADMIN } from './access/credential.js';
import { openOutbox } from './access/postgres/outbox.js';
import { openCredentialRegister } from './access/postgres/register.js';
import { openCredentialStore } from './access/postgres/store.js';
import type { TokenSettings } from './access/token-settings.js';
import type { TokenVerifier } from './access/tokens.js';
import type { EventLog } from './event-log/port.js';
import { openPostgresEventLog } from './event-log/postgres/event-log.js';
import { NOBODY, ownerIn, singleUser, withCredentials, withTokens } from './http/authentication.js';
import type { ServerCertificate } from './http/certificate.js';
import type { Rates } from './http/limits.js';
import type * as ApiServer from './http/server.js';
import type { App } from './http/services.js';
import { isLoopback } from './http/transport.js';
import { LedgerError } from './ledger/error.js';
import { instantFromMs } from './ledger/time.js';
import { PACKAGE } from './package.js';
import { startProjector, type Projector } from './projector/projector.js';
import type { LedgerReader } from './read-model/port.js';
import { openReader } from './read-model/reader.js';
import { openWriter } from './read-model/writer.js';
import { CompiledSchemas } from './schemas/compiled-schemas.js';
import { readSchemaFiles, registerSchemas, type SchemaFile } from './schemas/files.js';
import { SchemaRegistry } from './schemas/registry.js';
import type { StoreUrls } from './stores.js';

/** Where a server listens, how, and for how many. */
export interface Place {
  readonly host: string;
  readonly port: number;
  /** of HTTPS; null: it is plain HTTP */
  readonly certificate: ServerCertificate | null;
  /** whose X-Forwarded-For and X-Forwarded-Proto are believed */
  readonly proxies: readonly string[];
  /** whether credentials are taken over plain HTTP from other machines, too */
  readonly plainHttp: boolean;
  /** that are open at once */
  readonly maxConnections: number;
  readonly rates: Rates;
}

export interface OperationsOptions extends Place {
  /** null: it lets nobody in */
  readonly adminPassword: string | null;
  /** whose access tokens are taken; null: nobody's */
  readonly tokens: TokenSettings | null;
  readonly version: string;
}

export interface ApiOptions extends Place {
  readonly adminPassword: string;
  /** whose access tokens are taken; null: nobody's */
  readonly tokens: TokenSettings | null;
  /** tails that are served at once */
  readonly maxTails: number;
  /** whose pages may ask */
  readonly corsOrigins: readonly string[];
  /** whether each reading of entries is recorded, too */
  readonly recordReads: boolean;
  readonly version: string;
  /** where it was loaded already */
  readonly program?: ApiProgram;
}

/** What an API needs besides its stores. */
export interface ApiProgram {
  readonly server: typeof ApiServer;
  /** that come with it */
  readonly schemas: readonly SchemaFile[];
  /** what compiling them gave */
  readonly compiled: CompiledSchemas;
}

/** A part that runs until it is closed. */
export interface Running {
  close(): Promise<void>;
}

export interface RunningServer extends Running {
  /** where it listens, with the port that was taken when 0 was asked for */
  readonly url: string;
}

export interface RunningProjector extends Running {
  readonly status: Projector['status'];
  /** where it tells how it goes; null: nowhere */
  readonly url: string | null;
}

const SCHEMAS_DIRECTORY = fileURLToPath(new URL('schemas/', PACKAGE));

/**
 * Takes a while, and needs no store. What serves is loaded where something is served, which a projector beside an API does
 * not.
 * @throws LedgerError `invalid-configuration` (a schema file)
 */
export async function loadApi(): Promise<ApiProgram> {
  const server = await import('./http/server.js');
  const compiled = new CompiledSchemas();
  return { server, schemas: await readSchemaFiles(SCHEMAS_DIRECTORY, compiled), compiled };
}

/**
 * Project until closed.
 * @param telling where to tell how it goes; null: nowhere
 * @throws LedgerError `in-use`, `invalid-configuration` (where it shall listen)
 */
export async function runProjector(
  stores: StoreUrls,
  logger: Logger,
  telling: OperationsOptions | null,
): Promise<RunningProjector> {
  const log = await openEventLog(stores, 'projector');
  const writer = openWriter({ url: stores.projectorUrl, logger });
  const projector = startProjector({ log, writer, logger });
  const status = (): ReturnType<Projector['status']> => projector.status();
  const callOff = selfCheckSoon(writer, logger);
  let teller: RunningServer | null = null;
  const close = async (): Promise<void> => {
    callOff();
    await Promise.all([projector.stop(), teller?.close()]);
    await Promise.all([writer.close(), log.close()]);
  };
  try {
    if (telling !== null) teller = await tell(status, telling, { stores, log, logger });
    return { status, url: teller?.url ?? null, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * What an orchestrator and Prometheus ask a projector, served until closed. The log stays open. Credentials of the database
 * are not taken: the projector's login reads none, nor does it learn who may ask the API.
 */
async function tell(
  projector: Projector['status'],
  options: OperationsOptions,
  parts: { readonly stores: StoreUrls; readonly log: EventLog; readonly logger: Logger },
): Promise<RunningServer> {
  const { adminPassword, version, rates, certificate, proxies, plainHttp } = options;
  const connections = { most: options.maxConnections };
  const { log, logger, stores } = parts;
  const admin = adminPassword === null ? NOBODY : singleUser(CONFIGURED_ADMIN, adminPassword);
  const tokens = await openTokens(options.tokens, logger);
  const authenticator = tokens === null ? admin : withTokens(admin, tokens);
  const reader = openReader({ url: stores.projectorUrl });
  const { buildOperationsServer } = await import('./http/operations-server.js');
  const server = buildOperationsServer({
    ...{ log, reader, projector, authenticator, logger, version },
    ...{ connections, rates, certificate, proxies, plainHttp },
  });
  const close = async (): Promise<void> => {
    await server.close();
    tokens?.close();
    await reader.close();
  };
  try {
    return { url: await listen(server, options, logger), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Serve the API until closed. Schemas that were never registered are, before the first request.
 * @throws LedgerError `in-use` (the port), `invalid-configuration` (where it shall listen, a schema file), and what the log throws
 */
export async function runApi(
  stores: StoreUrls,
  options: ApiOptions,
  logger: Logger,
  projector?: RunningProjector,
): Promise<RunningServer> {
  const { server: program, schemas, compiled } = options.program ?? (await loadApi());
  const reader = openReader({ url: stores.apiUrl });
  const log = await openEventLog(stores, 'api');
  const credentials = openCredentialStore({ url: stores.apiUrl, logger });
  const outbox = openOutbox({ url: stores.apiUrl, logger });
  const register = openCredentialRegister({ url: stores.apiUrl });
  const tokens = await openTokens(options.tokens, logger);
  const people = withCredentials(singleUser(CONFIGURED_ADMIN, options.adminPassword), credentials);
  const server = program.buildServer({
    log,
    reader,
    schemas: new SchemaRegistry(compiled),
    credentials: actingAtOnce(register, credentials),
    authenticator: tokens === null ? people : withTokens(people, tokens),
    tails: { most: options.maxTails },
    corsOrigins: options.corsOrigins,
    recordReads: options.recordReads,
    connections: { most: options.maxConnections },
    rates: options.rates,
    certificate: options.certificate,
    outbox,
    proxies: options.proxies,
    plainHttp: options.plainHttp,
    nameOf: ownerIn(credentials),
    logger,
    version: options.version,
    ...(projector === undefined ? {} : { projector: projector.status }),
  });
  let callOff = (): void => undefined;
  const close = async (): Promise<void> => {
    callOff();
    await server.close();
    tokens?.close();
    await outbox.close();
    await Promise.all([reader.close(), log.close(), credentials.close(), register.close()]);
  };
  try {
    const known = credentials.ready(CREDENTIALS_MS);
    await registerSchemas(log, schemas, { now: () => instantFromMs(Date.now()) });
    await known;
    const url = await listen(server, options, logger);
    callOff = selfCheckSoon(reader, logger);
    return { url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What reads tokens is loaded only where some are taken. */
async function openTokens(settings: TokenSettings | null, logger: Logger): Promise<TokenVerifier | null> {
  if (settings === null) return null;
  const { openTokenVerifier } = await import('./access/tokens.js');
  return openTokenVerifier({ ...settings, logger });
}

/** Without them the API begins all the same: the configured admin is let in. */
const CREDENTIALS_MS = 3_000;

/** Reading the catalogue takes a while, for which the first requests shall not wait. */
const SELF_CHECK_AFTER_MS = 1_000;

/** @returns what calls it off, or keeps it from telling that it was broken off */
function selfCheckSoon(login: Pick<LedgerReader, 'selfCheck'>, logger: Logger): () => void {
  let wanted = true;
  const timer = setTimeout(() => {
    reportSelfCheck(login, logger).catch((error: unknown) => {
      if (wanted) logger.warn({ err: error }, 'the database could not be checked');
    });
  }, SELF_CHECK_AFTER_MS);
  timer.unref();
  return () => {
    wanted = false;
    clearTimeout(timer);
  };
}

/** Tampering is a finding, not a failure: the process goes on, and every verification says the same. */
async function reportSelfCheck(login: Pick<LedgerReader, 'selfCheck'>, logger: Logger): Promise<void> {
  const { checked, findings } = await login.selfCheck();
  if (!checked) logger.warn('the database is newer than this program: its catalogue was not checked');
  for (const finding of findings) logger.error({ finding }, 'the database is not as the migrations made it');
}

/** @returns the URL */
function listen(server: App, place: Place, logger: Logger): Promise<string> {
  const { host, port } = place;
  tellOfPlainHttp(place, logger);
  // by the name Fastify would listen on [::1] with a second server, which knew none of our limits
  const address = host === 'localhost' ? '127.0.0.1' : host;
  return server.listen({ host: address, port }).catch((error: unknown) => {
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
  });
}

/** Whoever listens beyond this machine reads in the log what becomes of credentials that come over plain HTTP. */
function tellOfPlainHttp({ host, certificate, proxies, plainHttp }: Place, logger: Logger): void {
  if (certificate !== null || host === 'localhost' || isLoopback(host)) return;
  if (plainHttp) {
    const detail = 'whoever is on the way can use them, unless the network guards itself';
    logger.info(
      { host },
      `credentials from other machines are taken over plain HTTP (ALLOW_PLAIN_HTTP): ${detail}`,
    );
  } else if (proxies.length === 0) {
    const detail = 'TLS_CERT_FILE, TRUST_PROXY or ALLOW_PLAIN_HTTP change that';
    logger.warn({ host }, `credentials from other machines are refused over plain HTTP: ${detail}`);
  }
}

type LogUser = 'api' | 'projector' | 'command';

/**
 * The event log, as one of its users. Nothing is connected before it is used.
 * @throws LedgerError `invalid-configuration` for a URL that is none
 */
export async function openEventLog(stores: StoreUrls, user: LogUser): Promise<EventLog> {
  if (stores.eventStoreUrl === null) {
    const url = user === 'api' ? stores.apiUrl : stores.projectorUrl;
    return openPostgresEventLog({ url, applicationName: `event-ledger ${user}` });
  }
  // its client is large, and not needed by who keeps the log in PostgreSQL
  const { openEventStoreDbEventLog } = await import('./event-log/eventstoredb/event-log.js');
  return openEventStoreDbEventLog({ url: stores.eventStoreUrl });
}
