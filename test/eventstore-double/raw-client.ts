/** Protocol calls as they are, for tests of a server: nothing is retried, converted or swallowed on the way. */
import { readFileSync } from 'node:fs';
import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import {
  appendRequests,
  deleteRequest,
  readRequest,
  tombstoneRequest,
  type RawEvent,
  type ReadWhat,
} from './raw-requests.js';
import type { ExpectedRevision } from './record.js';

export type RawAppend =
  | { readonly status: 'appended'; readonly revision: string | null; readonly position: string | null }
  | { readonly status: 'conflict'; readonly current: string | null };

/** A recorded event, as it travelled. */
export interface RawRecorded {
  readonly stream: string;
  readonly revision: string;
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  /** 100 ns ticks since 1970 */
  readonly created: string;
  readonly data: Buffer;
  readonly metadata: Buffer;
  readonly position: string;
}

export interface RawClient {
  /** Unary Append. @throws ServiceError */
  append(stream: string, events: readonly RawEvent[], expected?: ExpectedRevision): Promise<RawAppend>;
  /** @returns null when there is no such stream @throws ServiceError */
  read(what: ReadWhat): Promise<readonly RawRecorded[] | null>;
  /** Messages of a subscription until it ends; leaving the loop cancels it. @throws ServiceError */
  subscribe(what: ReadWhat): AsyncGenerator<streams.ReadResp, void, undefined>;
  /** @returns the position @throws ServiceError */
  delete(stream: string, expected?: ExpectedRevision): Promise<string>;
  /** @returns the position @throws ServiceError */
  tombstone(stream: string, expected?: ExpectedRevision): Promise<string>;
  close(): void;
}

export interface RawOptions {
  /** every call fails with code 4 after so many ms; default 10,000. Subscriptions have none */
  readonly deadline?: number;
}

/** @param url `esdb://[user:password@]host:port?tls=false`, or with `tlsCaFile=…` */
export function rawClient(url: string, { deadline = 10_000 }: RawOptions = {}): RawClient {
  const { hostname, port, username, password, searchParams } = new URL(url.replace(/^[^:]+:/, 'http:'));
  const client = new StreamsClient(`${hostname}:${port || 2113}`, channelCredentials(searchParams), {
    'grpc.max_receive_message_length': 17 * 1024 * 1024,
  });
  const metadata = new Metadata();
  if (username !== '') {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    metadata.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`);
  }
  const soon = (): { deadline: number } => ({ deadline: Date.now() + deadline });

  return {
    append: (stream, events, expected = 'any') =>
      settled<streams.AppendResp>((callback) => {
        const call = client.append(metadata, soon(), callback);
        for (const request of appendRequests(stream, events, expected)) call.write(request);
        call.end();
      }).then(appended),
    async read(what) {
      const events: RawRecorded[] = [];
      for await (const message of client.read(readRequest(what), metadata, soon())) {
        const response = message as streams.ReadResp;
        if (response.hasStreamNotFound()) return null;
        const event = recorded(response);
        if (event) events.push(event);
      }
      return events;
    },
    async *subscribe(what) {
      const call = client.read(readRequest({ ...what, subscription: true }), metadata);
      try {
        for await (const message of call) yield message as streams.ReadResp;
      } finally {
        call.on('error', () => undefined);
        call.cancel();
      }
    },
    delete: (stream, expected = 'any') =>
      settled<streams.DeleteResp>((callback) => {
        client.delete(deleteRequest(stream, expected), metadata, soon(), callback);
      }).then((response) => response.getPosition()?.getCommitPosition() ?? ''),
    tombstone: (stream, expected = 'any') =>
      settled<streams.TombstoneResp>((callback) => {
        client.tombstone(tombstoneRequest(stream, expected), metadata, soon(), callback);
      }).then((response) => response.getPosition()?.getCommitPosition() ?? ''),
    close: () => client.close(),
  };
}

/** The event that a message carries, null when it carries something else. */
export function recorded(message: streams.ReadResp): RawRecorded | null {
  const event = message.getEvent()?.getEvent();
  if (!event) return null;
  const properties = event.getMetadataMap();
  return {
    stream: Buffer.from(event.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString(),
    revision: event.getStreamRevision(),
    id: event.getId()?.getString() ?? '',
    type: properties.get('type') ?? '',
    contentType: properties.get('content-type') ?? '',
    created: properties.get('created') ?? '',
    data: Buffer.from(event.getData_asU8()),
    metadata: Buffer.from(event.getCustomMetadata_asU8()),
    position: event.getCommitPosition(),
  };
}

function appended(response: streams.AppendResp): RawAppend {
  const success = response.getSuccess();
  if (success) {
    return {
      status: 'appended',
      revision: success.hasCurrentRevision() ? success.getCurrentRevision() : null,
      position: success.getPosition()?.getCommitPosition() ?? null,
    };
  }
  const conflict = response.getWrongExpectedVersion();
  return {
    status: 'conflict',
    current: conflict?.hasCurrentRevision() ? conflict.getCurrentRevision() : null,
  };
}

function channelCredentials(parameters: URLSearchParams): ReturnType<typeof credentials.createInsecure> {
  if (parameters.get('tls') === 'false') return credentials.createInsecure();
  const file = parameters.get('tlsCaFile');
  return credentials.createSsl(file === null ? null : readFileSync(file));
}

function settled<Response>(
  run: (callback: (error: ServiceError | null, response: Response) => void) => void,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    run((error, response) => {
      if (error) reject(error);
      else resolve(response);
    });
  });
}
