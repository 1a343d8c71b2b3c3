/** What routes are made of. */
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Logger } from 'pino';
import type { EventLog } from '../event-log/port.js';
import type { LedgerReader } from '../read-model/port.js';
import type { Door } from './door.js';
import type { Watch } from './watching/watch.js';

export interface Services {
  readonly log: EventLog;
  readonly reader: LedgerReader;
  readonly door: Door;
  /** where is told who asks for what */
  readonly watch: Watch;
  readonly logger: Logger;
  /** aborted when the server begins to stop: streams and waits end */
  readonly closing: AbortSignal;
}

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;
