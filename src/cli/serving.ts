/** Serving: the parts that a command runs until it is stopped. */
import type { Logger } from 'pino';
import type * as App from '../app.js';
import type { ApiProgram, OperationsOptions, Place, Running, RunningProjector } from '../app.js';
import { API_PORT, readConfig, type Config } from '../config.js';
import { LedgerError } from '../ledger/error.js';
import { ServerCertificate } from '../http/certificate.js';
import { openStores, type Stores } from '../stores.js';
import { ensureAdminPassword } from './admin-password.js';
import { banner } from './banner.js';
import { closeInTime, endInTime, type Closable } from './closing.js';
import { EXIT, type ExitCode } from './exit.js';
import { makeLogger } from './logger.js';
import { print } from './output.js';
import { projectBeside, type ProjectorData } from './projector-beside.js';
import { readAgainOnHangUp, untilAborted } from './stopping.js';
import { version } from './version.js';

export type ServingCommand = 'start' | 'api' | 'projector';

/** The stores keep their limit only about. */
const MARGIN_MS = 100;

/** Runs the parts of a command until it is asked to stop. */
export async function serve(command: ServingCommand, stop: AbortSignal): Promise<ExitCode> {
  const config = readConfig(process.env);
  if (command !== 'start' && config.databaseUrl === null) {
    throw new LedgerError(
      'invalid-configuration',
      `DATABASE_URL: must be set for the command ${command}; start runs everything without it`,
    );
  }
  const certificate = config.tls === null ? null : new ServerCertificate(config.tls);
  const logger = await makeLogger(config.logLevel);
  if (certificate !== null) readAgainOnHangUp(() => certificate.readAgain(logger));
  let loading: Promise<Program> | undefined;
  const program = (): Promise<Program> => (loading ??= load(command));
  const running: Closable[] = [];
  let stores: Stores | null = null;
  endInTime(stop);
  try {
    // making a database and loading the program take about as long, and do not need each other
    stores = await openStores(config, logger, {
      signal: stop,
      meanwhile: () => void program().catch(() => undefined),
    });
    if (command === 'projector') {
      const { app } = await program();
      const projector = await app.runProjector(stores, logger, whereToTell(config, certificate));
      running.push({ name: 'projector', close: () => projector.close() });
      logger.info(projector.url === null ? {} : { url: projector.url }, 'ready');
      await untilAborted(stop);
    } else {
      const projector = command === 'start' ? projectBeside(dataOf(stores, config)) : undefined;
      if (projector !== undefined) running.push({ name: 'projector', close: () => projector.close() });
      const api = serveApi(await program(), stores, config, certificate, logger, projector);
      running.push({ name: 'api', close: () => closeStarted(api) });
      const end = Promise.race([untilAborted(stop), ...(projector === undefined ? [] : [projector.failed])]);
      await Promise.race([api, end]);
      await end;
    }
  } catch (error) {
    // Stopped while starting: whatever the start tripped over is no failure then.
    if (!stop.aborted) {
      await closeInTime(running, closableStores(stores), logger);
      throw error;
    }
  }
  logger.info('stopping');
  const clean = await closeInTime(running, closableStores(stores), logger);
  return clean ? EXIT.done : EXIT.unavailable;
}

/** What runs, and what it needs besides stores. */
interface Program {
  readonly app: typeof App;
  readonly api?: ApiProgram;
}

async function load(command: ServingCommand): Promise<Program> {
  const app = await import('../app.js');
  return command === 'projector' ? { app } : { app, api: await app.loadApi() };
}

function dataOf(
  { apiUrl, projectorUrl, adminUrl, eventStoreUrl }: Stores,
  { logLevel }: Config,
): ProjectorData {
  const stores = { apiUrl, projectorUrl, adminUrl, eventStoreUrl };
  return { stores, logLevel, pretty: process.stderr.isTTY };
}

/** A projector listens only where it is told to, so that it does not take the port of an API beside it. */
function whereToTell(config: Config, certificate: ServerCertificate | null): OperationsOptions | null {
  const { port, adminPassword, tokens } = config;
  if (port === null) return null;
  return { ...placeOf(config, port, certificate), adminPassword, tokens, version: version() };
}

function placeOf(
  { host, maxConnections, rates, proxies, plainHttp }: Config,
  port: number,
  certificate: ServerCertificate | null,
): Place {
  return { host, port, certificate, proxies, plainHttp, maxConnections, rates };
}

function closableStores(stores: Stores | null): Closable | null {
  if (stores === null) return null;
  return { name: 'stores', close: (limitMs) => stores.close(limitMs - MARGIN_MS) };
}

/** A part that is still starting is closed when it has; one that did not start has closed itself. */
async function closeStarted(starting: Promise<Running>): Promise<void> {
  const part = await starting.catch(() => null);
  await part?.close();
}

async function serveApi(
  { app, api: program }: Program,
  stores: Stores,
  config: Config,
  certificate: ServerCertificate | null,
  logger: Logger,
  projector: RunningProjector | undefined,
): Promise<Running> {
  const adminPassword = await ensureAdminPassword(config);
  const { tokens, maxTails, corsOrigins, recordReads } = config;
  const options = {
    ...placeOf(config, config.port ?? API_PORT, certificate),
    tokens,
    maxTails,
    corsOrigins,
    recordReads,
    adminPassword,
    version: version(),
    ...(program && { program }),
  };
  const api = await app.runApi(stores, options, logger, projector);
  logger.info({ url: api.url }, 'ready');
  if (stores.embedded !== null) print(banner(api.url, config));
  return api;
}
