/** Positions of EventStoreDB: two numbers of 64 bits, which are the same for all that was not written in a transaction of old. */
import { LedgerError } from '../../ledger/error.js';
import type { Position } from '../../ledger/types.js';

export interface LogPosition {
  readonly commit: bigint;
  readonly prepare: bigint;
}

/** What a server before 22.6 says of a record that it reads from a stream. */
const UNKNOWN = 18_446_744_073_709_551_615n;

/** @throws LedgerError `invalid-configuration` for a server that does not say where a record stands */
export function formatPosition({ commit, prepare }: LogPosition): Position {
  if (commit === UNKNOWN) {
    throw new LedgerError(
      'invalid-configuration',
      'EVENTSTORE_URL: the server must be EventStoreDB 22.6 or newer',
    );
  }
  return `${commit}/${prepare}` as Position;
}

/** @throws LedgerError `invalid-input` for text that EventStoreDB gives no position as */
export function parsePosition(position: Position): LogPosition {
  const [, commit, prepare] = /^(\d{1,20})\/(\d{1,20})$/.exec(position) ?? [];
  if (commit === undefined || prepare === undefined) {
    throw new LedgerError('invalid-input', 'no position of this event log');
  }
  return { commit: BigInt(commit), prepare: BigInt(prepare) };
}

export function comparePositions(a: Position, b: Position): number {
  const [one, other] = [parsePosition(a), parsePosition(b)];
  return sign(one.commit - other.commit) || sign(one.prepare - other.prepare);
}

function sign(difference: bigint): number {
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
