/**
 * A double of EventStoreDB 23.10 that speaks its wire protocol: a gRPC server over a log in memory, with the server's
 * semantics and a switch for every fault. See README.md.
 */
import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import { OperationsService } from '@eventstore/db-client/generated/operations_grpc_pb.js';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { UsersService } from '@eventstore/db-client/generated/users_grpc_pb.js';
import { Access } from './access.js';
import type { Alteration } from './alterations.js';
import { appendHandler, deleteHandler, tombstoneHandler } from './append-service.js';
import { makeCertificate, type Certificate } from '../support/certificate.js';
import { featuresHandler, gossipHandler } from './cluster-service.js';
import { DoubleLog, type LogSnapshot } from './double-log.js';
import { Faults, type Endable } from './faults.js';
import { openGate, type Gate } from './gate.js';
import { startScavengeHandler, stopScavengeHandler } from './operations-service.js';
import { readHandler } from './read-service.js';
import { scavenge } from './scavenge.js';
import type { Service } from './service.js';
import { Users, type FirstPasswords } from './users.js';
import { usersHandlers } from './users-service.js';

export interface EventStoreDouble {
  /** `esdb://127.0.0.1:PORT?tls=false` (or true), without credentials; the same over restarts */
  readonly url: string;
  /** PEM of the authority to trust, null without TLS */
  readonly authority: string | null;
  /** what the server has stored: look at it, and append to it as another program would */
  readonly log: DoubleLog;
  readonly faults: Faults;
  /** Stop as SIGKILL does: connections are reset, later ones refused. Frees everything; the log stays. */
  stop(): Promise<void>;
  /** Start again after a stop, on the same port with the same log; ids written before are forgotten. */
  start(): Promise<void>;
  /** Stop and start. */
  restart(): Promise<void>;
  /** A backup, as of now. */
  snapshot(): LogSnapshot;
  /** Go back to a backup: stop, replace the log, start. */
  restore(snapshot: LogSnapshot): Promise<void>;
  /** Stop, edit the log's files, start. */
  alter(alteration: Alteration): Promise<void>;
  /** Remove what metadata hides, with the traces that a scavenge leaves. @returns its id */
  scavenge(): string;
}

export interface DoubleOptions {
  /**
   * Users (`admin` and `ops`, password `changeit`) and ACLs count, as on a secured server: over TLS, or in plaintext
   * for raw clients alone (the public one sends credentials over TLS only). Default: insecure, nobody is asked
   */
  readonly secured?: 'tls' | 'plaintext';
  /** instead of one for 127.0.0.1 and localhost that an authority of its own has signed */
  readonly certificate?: Certificate;
  /** first passwords of `admin` and `ops`, as a server takes them from its environment; default `changeit` */
  readonly passwords?: FirstPasswords;
  /** newer servers count type and metadata against the append limit, too; 23.10 counts data alone (default) */
  readonly limitCountsEverything?: boolean;
  /** bytes that one append may bring; default 1,048,576 */
  readonly appendLimit?: number;
  /** so many newest ids are recognised whatever the expected revision; default 100,000 */
  readonly idempotencyMemory?: number;
}

export async function startEventStoreDouble(options: DoubleOptions = {}): Promise<EventStoreDouble> {
  const log = new DoubleLog(options.idempotencyMemory);
  const subscriptions = new Set<Endable>();
  const faults = new Faults(subscriptions);
  const users = new Users(log);
  const certificate = options.secured === 'tls' ? (options.certificate ?? makeCertificate()) : null;
  if (options.secured) users.addDefaults(options.passwords);
  let running: { readonly server: Server; readonly gate: Gate } | null = null;
  let port = 0;
  const service: Service = {
    log,
    faults,
    access: new Access(faults, log, options.secured ? users : null),
    subscriptions,
    port: () => port,
    appendLimit: options.appendLimit ?? 1_048_576,
    limitCountsEverything: options.limitCountsEverything ?? false,
  };

  const start = async (): Promise<void> => {
    if (running) return;
    const server = serverOf(service, users);
    const own = await bind(server, certificate);
    const gate = await openGate(own, port);
    faults.behind(gate);
    port = gate.port;
    running = { server, gate };
  };
  const stop = async (): Promise<void> => {
    if (!running) return;
    const { server, gate } = running;
    running = null;
    faults.behind(null);
    await gate.close();
    server.forceShutdown();
    log.forget();
  };
  const restart = async (): Promise<void> => {
    await stop();
    await start();
  };

  const restore = async (snapshot: LogSnapshot): Promise<void> => {
    await stop();
    log.restore(snapshot);
    await start();
  };

  await start();
  return {
    url: `esdb://127.0.0.1:${port}?tls=${certificate !== null}`,
    authority: certificate?.authority ?? null,
    log,
    faults,
    stop,
    start,
    restart,
    snapshot: () => log.snapshot(),
    restore,
    alter: (alteration) => restore({ records: alteration(log.records), end: log.end }),
    scavenge: () => scavenge(log),
  };
}

function serverOf(service: Service, users: Users): Server {
  // an event may be larger than one append, and a stream's name as large as one likes
  const server = new Server({ 'grpc.max_receive_message_length': 17 * 1024 * 1024 });
  const implemented: string[] = [];
  const add = (definition: ServiceDefinition, handlers: UntypedServiceImplementation): void => {
    server.addService(definition, handlers);
    for (const [name, { path }] of Object.entries(definition)) if (handlers[name]) implemented.push(path);
  };
  add(StreamsService, {
    append: appendHandler(service),
    read: readHandler(service),
    delete: deleteHandler(service),
    tombstone: tombstoneHandler(service),
  });
  add(OperationsService, {
    startScavenge: startScavengeHandler(service),
    stopScavenge: stopScavengeHandler(service),
  });
  add(UsersService, usersHandlers(service, users));
  add(GossipService, { read: gossipHandler(service) });
  add(ServerFeaturesService, { getSupportedMethods: featuresHandler(service, implemented) });
  return server;
}

function bind(server: Server, tls: Certificate | null): Promise<number> {
  const credentials = tls
    ? ServerCredentials.createSsl(null, [
        { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.certificate) },
      ])
    : ServerCredentials.createInsecure();
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => {
      if (error) reject(error);
      else resolve(port);
    });
  });
}
