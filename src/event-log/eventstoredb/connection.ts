/**
 * The one place that knows the client of EventStoreDB. Its public methods read recorded bytes as JSON and write them
 * anew, so the messages of the protocol are sent and received as they are, over what the client does well: TLS, finding
 * the leader, connecting again. Those members are protected and may move with any version: the exact one is pinned, and
 * they are looked for before anything is sent.
 */
import { EventStoreDBClient } from '@eventstore/db-client';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { AppendReq, AppendResp, ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { CallOptions, Client, ClientReadableStream, Metadata } from '@grpc/grpc-js';
import { LedgerError } from '../../ledger/error.js';
import { NotSent } from './fault.js';

/** Rejects with what the transport says, or with NotSent; see fault.ts. */
export interface Connection {
  /**
   * One append: its header and its events, all of them or none.
   * @param deadlineMs when it is given up, at the latest
   * @param sending asked right before it is sent, which takes a connection: false if it is not wanted any more
   */
  append(messages: readonly AppendReq[], deadlineMs: number, sending?: () => boolean): Promise<AppendResp>;

  /** What the server answers to one read, until it ends. Leaving the loop ends the call. */
  read(request: ReadReq, deadlineMs: number): AsyncIterable<ReadResp>;

  /** A read without end, told to a listener as it comes. @param signal ends the wait for a connection */
  subscribe(request: ReadReq, listener: Listener, signal: AbortSignal): Promise<Flow>;

  /**
   * One call of another service than Streams.
   * @param start sends it, with the metadata and options that every call has
   */
  call<Service extends Client, Result>(
    service: ServiceClass<Service>,
    start: (service: Service, metadata: Metadata, options: CallOptions) => Promise<Result>,
    deadlineMs: number,
  ): Promise<Result>;

  /** Ends what is under way. */
  close(): Promise<void>;
}

/** The class that the package made of a service's definition. */
export type ServiceClass<Service extends Client> = new (
  ...args: ConstructorParameters<typeof Client>
) => Service;

export interface Listener {
  readonly answer: (answer: ReadResp) => void;
  /** once, as the last; null: the server ended it without an error */
  readonly end: (error: Error | null) => void;
}

export interface Flow {
  pause(): void;
  resume(): void;
  /** Ends it; the listener hears nothing more. */
  cancel(): void;
}

type ReadCall = ClientReadableStream<ReadResp>;

/** What is used of the client's protected members. */
interface Internals {
  execute<Service extends Client, Result>(
    client: ServiceClass<Service>,
    name: string,
    action: (client: Service) => Promise<Result>,
  ): Promise<Result>;
  callArguments(
    options: { readonly deadline?: number; readonly requiresLeader?: boolean },
    callOptions?: CallOptions,
  ): [Metadata, CallOptions];
  handleError: (client: Client, error: Error) => Promise<void>;
}

const USED = ['execute', 'callArguments', 'handleError'] as const satisfies readonly (keyof Internals)[];

/** How long a subscription waits for a connection. */
const CONNECTING_MS = 10_000;

/**
 * Nothing is connected before it is used.
 * @param url `esdb://…` or `esdb+discover://…`
 * @param variable where it came from
 * @throws LedgerError `invalid-configuration` for a URL that the client does not understand
 */
export function openConnection(url: string, variable = 'EVENTSTORE_URL'): Connection {
  const client = internalsOf(connectTo(url, variable));
  const calls = new Set<ReadCall>();
  let last: Client | null = null;
  let closed = false;

  /**
   * Does something with the client of a service as soon as there is a connection. Finding a node of a cluster may take
   * a minute, whatever the deadline of who waits for it.
   */
  function connected<Service extends Client, Result>(
    service: ServiceClass<Service>,
    action: (service: Service) => Promise<Result>,
    limitMs: number,
    signal?: AbortSignal,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      let waiting = true;
      const giveUp = (): void => {
        waiting = false;
        reject(new NotSent('no connection was there in time'));
      };
      const timer = setTimeout(giveUp, Math.max(0, limitMs));
      signal?.addEventListener('abort', giveUp);
      const stopWaiting = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
      };
      const begin = (found: Service): Promise<Result> => {
        last = found;
        if (closed) found.getChannel().close();
        if (closed || !waiting) throw new NotSent('it is not wanted any more');
        stopWaiting();
        return action(found);
      };
      client.execute(service, service.name, begin).then(resolve, reject).finally(stopWaiting);
    });
  }

  function startRead(streams: StreamsClient, request: ReadReq, deadline: number | null): ReadCall {
    const [metadata, options] = client.callArguments(
      // a follower may not have yet what the leader has acknowledged; whoever follows the log can wait for it
      { requiresLeader: deadline !== null },
      { deadline: deadline ?? Infinity },
    );
    const call = streams.read(request, metadata, options);
    calls.add(call);
    call.on('close', () => calls.delete(call));
    call.on('error', (error) => {
      calls.delete(call);
      if (!isOurs(error)) void client.handleError(streams, error);
    });
    return call;
  }

  return {
    append: (messages, deadlineMs, sending) => {
      const until = Date.now() + deadlineMs;
      const send = (streams: StreamsClient): Promise<AppendResp> => {
        if (sending?.() === false) throw new NotSent('it is not wanted any more');
        return new Promise((resolve, reject) => {
          const [metadata, options] = client.callArguments({ requiresLeader: true }, { deadline: until });
          const request = streams.append(metadata, options, (error, response) => {
            if (error === null) resolve(response);
            else reject(error);
          });
          // said through the callback as well
          request.on('error', reject);
          for (const message of messages) request.write(message);
          request.end();
        });
      };
      return connected(StreamsClient, send, deadlineMs);
    },

    async *read(request, deadlineMs) {
      const until = Date.now() + deadlineMs;
      const start = (streams: StreamsClient): Promise<ReadCall> =>
        Promise.resolve(startRead(streams, request, until));
      const answers = await connected(StreamsClient, start, deadlineMs);
      try {
        for await (const answer of answers) yield answer as ReadResp;
      } finally {
        answers.cancel();
      }
    },

    async subscribe(request, listener, signal) {
      const start = (streams: StreamsClient): Promise<Flow> =>
        Promise.resolve(flowOf(startRead(streams, request, null), listener));
      return connected(StreamsClient, start, CONNECTING_MS, signal);
    },

    call(service, start, deadlineMs) {
      const until = Date.now() + deadlineMs;
      const send = (found: InstanceType<typeof service>): ReturnType<typeof start> => {
        const [metadata, options] = client.callArguments({ requiresLeader: true }, { deadline: until });
        return start(found, metadata, options);
      };
      return connected(service, send, deadlineMs);
    },

    close() {
      closed = true;
      for (const answers of calls) answers.cancel();
      last?.getChannel().close();
      return Promise.resolve();
    },
  };
}

/** The listener hears all of it, and what it ended with once. */
function flowOf(answers: ReadCall, listener: Listener): Flow {
  let over = false;
  const end = (error: Error | null): void => {
    if (over) return;
    over = true;
    listener.end(error);
  };
  answers.on('data', (answer: ReadResp) => {
    if (!over) listener.answer(answer);
  });
  answers.on('error', end);
  answers.on('end', () => end(null));
  return {
    pause: () => answers.pause(),
    resume: () => answers.resume(),
    cancel() {
      over = true;
      answers.cancel();
    },
  };
}

function connectTo(url: string, variable: string): EventStoreDBClient {
  try {
    return EventStoreDBClient.connectionString(url);
  } catch (error) {
    // the client's message repeats the URL, and with it the password
    const reason =
      error instanceof Error && error.message.startsWith('Failed to load') ? `: ${error.message}` : '';
    throw new LedgerError(
      'invalid-configuration',
      `${variable}: must look like esdb://user:password@host:2113?tlsCaFile=ca.crt, hosts separated by commas${reason}`,
    );
  }
}

function internalsOf(client: EventStoreDBClient): Internals {
  const internals = client as unknown as Internals;
  const missing = USED.filter((name) => typeof internals[name] !== 'function');
  if (missing.length > 0) {
    throw new LedgerError(
      'internal',
      `the client of EventStoreDB has no ${missing.join(', ')}: another version?`,
    );
  }
  // the client waits for nobody here: what fails in it (the search for another node) would end the process
  const { handleError } = internals;
  internals.handleError = (...failed) => handleError(...failed).catch(() => undefined);
  return internals;
}

/** A call that this side gave up is not the connection's fault. */
function isOurs(error: Error): boolean {
  return (error as { readonly details?: string }).details === 'Cancelled on client';
}
