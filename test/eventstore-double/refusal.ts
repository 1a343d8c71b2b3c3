/** How the server says no: gRPC statuses with the trailers that clients of EventStoreDB read. */
import { Metadata, status } from '@grpc/grpc-js';
import type { ExpectedRevision } from './record.js';

/** What an expectation that names no revision is called in trailers. */
const NUMBERS = { any: '-2', no_stream: '-1', stream_exists: '-4' } as const;

/** Thrown by a handler, answered as the call's status. */
export class Refusal extends Error {
  /** gRPC status */
  readonly code: number;
  readonly details: string;
  readonly metadata = new Metadata();

  constructor(code: number, details: string, trailers: Readonly<Record<string, string>> = {}) {
    super(details);
    this.code = code;
    this.details = details;
    for (const [name, value] of Object.entries(trailers)) this.metadata.set(name, ascii(value));
  }
}

/** What an exception inside the server looks like from outside. */
export function unknown(details = 'Exception was thrown by handler.'): Refusal {
  return new Refusal(status.UNKNOWN, details);
}

export function accessDenied(): Refusal {
  return new Refusal(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });
}

export function unauthenticated(): Refusal {
  return new Refusal(status.UNAUTHENTICATED, 'Bad gRPC response. HTTP status code: 401');
}

export function streamDeleted(stream: string): Refusal {
  return new Refusal(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: 'stream-deleted',
    'stream-name': stream,
  });
}

/** Only deletions are refused so; an append answers with a message. */
export function wrongExpectedVersion(stream: string, expected: ExpectedRevision, current: bigint): Refusal {
  const version = typeof expected === 'bigint' ? String(expected) : NUMBERS[expected];
  return new Refusal(
    status.FAILED_PRECONDITION,
    `Delete failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${version}, Actual version: ${current}`,
    {
      exception: 'wrong-expected-version',
      'stream-name': stream,
      'expected-version': version,
      'actual-version': String(current),
    },
  );
}

export function appendTooLarge(limit: number): Refusal {
  return new Refusal(status.INVALID_ARGUMENT, `Maximum Append Size of ${limit} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(limit),
  });
}

export function missingMetadata(name: string): Refusal {
  return new Refusal(status.INVALID_ARGUMENT, `Required Metadata Property '${name}' is missing`, {
    exception: 'missing-required-metadata-property',
    'required-metadata-properties': 'type,content-type',
  });
}

export function consumerTooSlow(phase: 'while live' | 'transitioning to live'): Refusal {
  const when = phase === 'while live' ? 'to handle event while live' : 'transitioning to live';
  return new Refusal(status.ABORTED, `Consumer too slow ${when}. Client resubscription required.`);
}

/** Trailers are ASCII; what is not stands percent-encoded. */
function ascii(value: string): string {
  return /^[\x20-\x7e]*$/.test(value) ? value : encodeURIComponent(value);
}
