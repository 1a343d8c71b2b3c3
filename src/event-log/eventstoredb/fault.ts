/** What an error of the protocol means: by its status code first, as the client's classes do not tell them apart. */
import { LedgerError } from '../../ledger/error.js';

export type FaultKind =
  /** the server was not reached, or refused before it looked: nothing happened */
  | 'unreachable'
  /** another node leads: nothing happened, and the client has turned to the leader */
  | 'not-leader'
  /** the connection or the server failed on the way: whether it happened is not known */
  | 'broken'
  | 'denied'
  /** a live subscription fell behind, which is normal under load: subscribe again at once */
  | 'too-slow'
  /** the stream has a tombstone */
  | 'stream-deleted'
  /** the server will never do this, however often it is asked */
  | 'refused';

export interface Fault {
  readonly kind: FaultKind;
  /** in the server's words */
  readonly detail: string;
  readonly cause: unknown;
}

/** Nothing of it left this process. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
}

/** Status codes of gRPC that mean something here. */
const STATUS = {
  unknown: 2,
  invalidArgument: 3,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** What the server says that is not ready, and the transport of a call that never got a connection. */
const NEVER_BEGAN = /^No connection established|^Channel closed before call started|Server Is Not Ready/i;

export function faultOf(error: unknown): Fault {
  const { code, details, message, metadata } = error as {
    readonly code?: unknown;
    readonly details?: string;
    readonly message?: string;
    readonly metadata?: { getMap?(): Readonly<Record<string, string | Buffer>> };
  };
  const detail = details ?? message ?? String(error);
  if (error instanceof NotSent) return { kind: 'unreachable', detail, cause: error };
  const exception = metadata?.getMap?.().exception?.toString() ?? '';
  return { kind: kindOf(code, exception, detail), detail, cause: error };
}

function kindOf(code: unknown, exception: string, detail: string): FaultKind {
  switch (code) {
    case STATUS.permissionDenied:
    case STATUS.unauthenticated:
      return 'denied';
    case STATUS.notFound:
      return exception === 'not-leader' ? 'not-leader' : 'broken';
    case STATUS.failedPrecondition:
      return exception === 'stream-deleted' ? 'stream-deleted' : 'broken';
    case STATUS.unknown:
    case STATUS.invalidArgument:
      return 'refused';
    case STATUS.resourceExhausted:
      // a message that is too large, or else a connection that asks for calm
      return /\bmessage\b/i.test(detail) ? 'refused' : 'broken';
    case STATUS.aborted:
      return detail.includes('Consumer too slow') ? 'too-slow' : 'broken';
    case STATUS.unavailable:
      return NEVER_BEGAN.test(detail) ? 'unreachable' : 'broken';
    case undefined:
      // the client's own
      return detail.startsWith('Failed to discover') ? 'unreachable' : 'broken';
    default:
      return 'broken';
  }
}

/** The fault of a call that changes nothing. */
export function readFailure(error: unknown, denied = accessDenied): LedgerError {
  if (error instanceof LedgerError) return error;
  const { kind, detail, cause } = faultOf(error);
  return kind === 'denied'
    ? denied(detail, cause)
    : new LedgerError('log-unavailable', `EventStoreDB did not answer: ${detail}`, { cause });
}

/** The same of a call that reads the whole log, which has an access list of its own. */
export function logReadFailure(error: unknown): LedgerError {
  return readFailure(error, (detail, cause) =>
    (cause as { readonly code?: unknown }).code === STATUS.unauthenticated
      ? accessDenied(detail, cause)
      : new LedgerError(
          'access-denied',
          `EventStoreDB does not let the user of EVENTSTORE_URL read the whole log, $all (${detail}): event-ledger ` +
            'eventstore setup gives that right to projectors, and to API processes with ' +
            'EVENTSTORE_API_READS_ALL=true (--api-reads-all)',
          { cause },
        ),
  );
}

export function accessDenied(detail: string, cause: unknown): LedgerError {
  return new LedgerError(
    'access-denied',
    `EventStoreDB refuses the credentials of EVENTSTORE_URL, or what they may do (${detail}); event-ledger ` +
      `eventstore setup makes users and rights`,
    { cause },
  );
}
