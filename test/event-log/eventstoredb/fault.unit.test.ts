import { describe, expect, test } from 'vitest';
import { faultOf, NotSent, readFailure, type FaultKind } from '../../../src/event-log/eventstoredb/fault.js';
import { LedgerError } from '../../../src/ledger/error.js';

function error(code: number, details: string, exception?: string): Error {
  const metadata = { getMap: () => (exception === undefined ? {} : { exception }) };
  return Object.assign(new Error(`${code}: ${details}`), { code, details, metadata });
}

const FAULTS: readonly (readonly [kind: FaultKind, error: unknown])[] = [
  ['unreachable', error(14, 'No connection established. Last error: connect ECONNREFUSED 127.0.0.1:2113')],
  ['unreachable', error(14, 'Server Is Not Ready')],
  ['unreachable', error(14, 'Channel closed before call started')],
  ['unreachable', new Error('Failed to discover after 10 attempts.')],
  ['unreachable', new NotSent('no connection was there in time')],
  ['not-leader', error(5, 'Leader info available', 'not-leader')],
  ['broken', error(14, 'Connection dropped')],
  ['broken', error(14, 'read ECONNRESET')],
  ['broken', Object.assign(new Error('14 UNAVAILABLE'), { code: 14 })],
  ['broken', error(13, 'Received RST_STREAM with code 2')],
  ['broken', error(4, 'Deadline exceeded')],
  ['broken', error(1, 'Cancelled on client')],
  ['broken', error(5, 'not found')],
  ['broken', error(8, 'Bandwidth exhausted or memory limit exceeded')],
  ['broken', error(10, 'Operation timed out')],
  ['broken', new TypeError('something is undefined')],
  ['denied', error(16, 'Bad gRPC response. HTTP status code: 401')],
  ['denied', error(7, 'Access Denied', 'access-denied')],
  ['too-slow', error(10, 'Consumer too slow to handle event while live. Client resubscription required.')],
  ['too-slow', error(10, 'Consumer too slow transitioning to live. Client resubscription required.')],
  ['stream-deleted', error(9, "Event stream 'ledger-a' is deleted.", 'stream-deleted')],
  ['broken', error(9, 'something else')],
  ['refused', error(2, 'Exception was thrown by handler.')],
  ['refused', error(3, 'Maximum Append Size of 1048576 Exceeded.', 'maximum-append-size-exceeded')],
  ['refused', error(8, 'Received message larger than max (17825793 vs 17825792)')],
];

describe('a fault', () => {
  test.each(FAULTS)('is %s: %s', (kind, cause) => {
    expect(faultOf(cause)).toMatchObject({ kind, cause });
  });

  test('is told in the server’s words', () => {
    expect(faultOf(error(14, 'Connection dropped')).detail).toBe('Connection dropped');
  });
});

describe('a read that fails', () => {
  test.each(FAULTS.filter(([kind]) => kind !== 'denied'))(
    'may be tried again when it is %s: %s',
    (_kind, cause) => {
      expect(readFailure(cause)).toMatchObject({ code: 'log-unavailable', retryable: true, cause });
    },
  );

  test('for what it may do is not tried again, and says what makes rights', () => {
    const failure = readFailure(error(7, 'Access Denied'));
    expect(failure).toMatchObject({ code: 'access-denied', retryable: false });
    expect(failure.message).toContain('eventstore setup');
  });

  test('with an error of ours keeps it', () => {
    const ours = new LedgerError('internal', 'a bug');
    expect(readFailure(ours)).toBe(ours);
  });
});
