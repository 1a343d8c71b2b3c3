/** One call of append, on its way through the statements that carry it. */
import { LedgerError } from '../../ledger/error.js';
import type { AppendOutcome, Candidate } from '../port.js';
import type { AppendRow, Place } from './append-rows.js';
import { bytesOf } from './text.js';

/** What one statement carries at most, and a call is cut into. */
export const STATEMENT = { rows: 1_000, bytes: 8_388_608 } as const;

/** The table's own limit of source, type, data and metadata together (event_size). */
const EVENT_BYTES = 16_777_216;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Rows of one call that travel together. */
export interface Piece {
  readonly call: AppendCall;
  readonly rows: readonly AppendRow[];
  /** the candidates' places in the call */
  readonly at: readonly number[];
  readonly bytes: number;
}

export interface AppendCall {
  /** one for each candidate, null until it is known */
  readonly outcomes: (AppendOutcome | null)[];
  /** what is still to be sent, in order */
  readonly pieces: Piece[];
  /** something of it was written, or may have been */
  mayStand: boolean;
  /** a statement that carries a piece of it was sent and has not been answered */
  underWay: boolean;
  /** its promise has been resolved or rejected */
  settled: boolean;
}

/** @throws LedgerError `invalid-input` for an id that is no UUID, or a source that is no text */
export function appendCall(source: string, candidates: readonly Candidate[]): AppendCall {
  const sourceBytes = bytesOf(source);
  if (sourceBytes === null) throw new LedgerError('invalid-input', 'the source is not well-formed text');
  const call: AppendCall = {
    outcomes: candidates.map(() => null),
    pieces: [],
    mayStand: false,
    underWay: false,
    settled: false,
  };
  const cutter = new Cutter(call);
  for (const [index, candidate] of candidates.entries()) {
    if (!UUID.test(candidate.id)) {
      throw new LedgerError('invalid-input', `candidate ${index}: the id is no lower-case UUID`);
    }
    const type = bytesOf(candidate.type);
    const size = rowBytes(sourceBytes, type, candidate);
    if (type === null || size > EVENT_BYTES) {
      const reason = type === null ? 'the type is not well-formed text' : tooLarge(size);
      call.outcomes[index] = { status: 'refused', reason };
      continue;
    }
    cutter.add({ source: sourceBytes, type, candidate }, index, size);
  }
  cutter.cut();
  return call;
}

/** Cuts a call's rows into pieces. */
class Cutter {
  readonly #call: AppendCall;
  #rows: AppendRow[] = [];
  #at: number[] = [];
  #bytes = 0;

  constructor(call: AppendCall) {
    this.#call = call;
  }

  add(row: AppendRow, index: number, size: number): void {
    if (this.#rows.length === STATEMENT.rows || this.#bytes + size > STATEMENT.bytes) this.cut();
    this.#rows.push(row);
    this.#at.push(index);
    this.#bytes += size;
  }

  /** End the piece that is being filled. */
  cut(): void {
    const call = this.#call;
    if (this.#rows.length > 0) call.pieces.push({ call, rows: this.#rows, at: this.#at, bytes: this.#bytes });
    this.#rows = [];
    this.#at = [];
    this.#bytes = 0;
  }
}

function rowBytes(source: Buffer, type: Buffer | null, { data, metadata }: Candidate): number {
  return source.length + (type?.length ?? 0) + data.length + metadata.length;
}

function tooLarge(bytes: number): string {
  return `source, type, data and metadata have ${bytes} bytes together; the log takes ${EVENT_BYTES}`;
}

/** Note where the rows of a piece ended up. */
export function notePlaces({ call, at }: Piece, places: readonly Place[]): void {
  for (const [row, { revision, present }] of places.entries()) {
    call.outcomes[at[row] ?? 0] = { status: present ? 'present' : 'appended', revision };
    call.mayStand ||= !present;
  }
}
