/** Positions of EventStoreDB: two numbers of 64 bits, which are the same for all that was not written in a transaction of old. */
import { LedgerError } from '../../ledger/error.js';
import type { Position } from '../../ledger/types.js';

export interface LogPosition {
  readonly commit: bigint;
  readonly prepare: bigint;
}

/** What the server says of a record in a stream when it does not know where it was committed. */
const UNKNOWN = 18_446_744_073_709_551_615n;

/** @returns null for a place that the server does not know: in streams of servers before 22.6, and of transactions of old */
export function formatPosition({ commit, prepare }: LogPosition): Position | null {
  return commit === UNKNOWN ? null : (`${commit}/${prepare}` as Position);
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
