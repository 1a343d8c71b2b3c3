/**
 * The one place that knows the client of EventStoreDB. Its public methods read recorded bytes as JSON and write them
 * anew, so the messages of the protocol are sent and received as they are, over what the client does well: TLS, finding
 * the leader, connecting again. Those members are protected and may move with any version: the exact one is pinned, and
 * they are looked for before anything is sent.
 */
import { EventStoreDBClient } from '@eventstore/db-client';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { AppendReq, AppendResp, ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { CallOptions, Channel, Client, ClientReadableStream, Metadata } from '@grpc/grpc-js';
import { LedgerError } from '../../ledger/error.js';

/** Rejects with what the transport says; see fault.ts. */
export interface Connection {
  /**
   * One append: its header and its events, all of them or none.
   * @param deadlineMs when it is given up, at the latest
   */
  append(messages: readonly AppendReq[], deadlineMs: number): Promise<AppendResp>;

  /** What the server answers to one read, until it ends. Leaving the loop ends the call. */
  read(request: ReadReq, deadlineMs: number): AsyncIterable<ReadResp>;

  /** A read without end, told to a listener as it comes. */
  subscribe(request: ReadReq, listener: Listener): Promise<Flow>;

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
  handleError(client: Client, error: Error): Promise<void>;
  getChannel(): Promise<Channel>;
}

const USED = [
  'execute',
  'callArguments',
  'handleError',
  'getChannel',
] as const satisfies readonly (keyof Internals)[];

/**
 * Nothing is connected before it is used.
 * @param url `esdb://…` or `esdb+discover://…`
 * @param variable where it came from
 * @throws LedgerError `invalid-configuration` for a URL that the client does not understand
 */
export function openConnection(url: string, variable = 'EVENTSTORE_URL'): Connection {
  const client = internalsOf(connectTo(url, variable));
  const calls = new Set<ReadCall>();

  async function call(request: ReadReq, deadline: CallOptions['deadline']): Promise<ReadCall> {
    return client.execute(StreamsClient, 'read', (streams) => {
      const [metadata, options] = client.callArguments({}, deadline === undefined ? {} : { deadline });
      const stream = streams.read(request, metadata, options);
      calls.add(stream);
      stream.on('close', () => calls.delete(stream));
      stream.on('error', (error) => {
        calls.delete(stream);
        if (!isOurs(error)) void client.handleError(streams, error);
      });
      return Promise.resolve(stream);
    });
  }

  return {
    append: (messages, deadline) =>
      client.execute(
        StreamsClient,
        'append',
        (streams) =>
          new Promise((resolve, reject) => {
            const [metadata, options] = client.callArguments({ deadline, requiresLeader: true });
            const request = streams.append(metadata, options, (error, response) => {
              if (error === null) resolve(response);
              else reject(error);
            });
            // said through the callback as well
            request.on('error', reject);
            for (const message of messages) request.write(message);
            request.end();
          }),
      ),

    async *read(request, deadlineMs) {
      const answers = await call(request, Date.now() + deadlineMs);
      try {
        for await (const answer of answers) yield answer as ReadResp;
      } finally {
        answers.cancel();
      }
    },

    async subscribe(request, listener) {
      const answers = await call(request, Infinity);
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
    },

    call: (service, start, deadlineMs) =>
      client.execute(service, service.name, (calling) => {
        const [metadata, options] = client.callArguments({ deadline: deadlineMs, requiresLeader: true });
        return start(calling, metadata, options);
      }),

    async close() {
      for (const answers of calls) answers.cancel();
      const channel = await client.getChannel().catch(() => null);
      channel?.close();
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
  if (missing.length === 0) return internals;
  throw new LedgerError(
    'internal',
    `the client of EventStoreDB has no ${missing.join(', ')}: another version?`,
  );
}

/** A call that this side gave up is not the connection's fault. */
function isOurs(error: Error): boolean {
  return (error as { readonly details?: string }).details === 'Cancelled on client';
}
