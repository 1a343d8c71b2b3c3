/**
 * Writes what many callers append at once with few statements: while one is under way, what comes gathers for the
 * next. A caller alone waits for nothing. Where a whole statement has gathered, it is sent beside the one under way, so that
 * the server has it as soon as that one is over; which of two waiting statements comes first is the server's to say.
 */
import type pg from 'pg';
import { LedgerError } from '../../ledger/error.js';
import { mayHaveHappened } from '../../postgres/errors.js';
import type { AppendOutcome, Candidate } from '../port.js';
import { appendCall, notePlaces, STATEMENT, type AppendCall, type Piece } from './append-call.js';
import { appendRows } from './append-rows.js';
import { logError, withConnection } from './session.js';

/** How long the next statement waits, at most, for callers that the last one answered to come again. */
const LINGER_MS = 1;

/** Where no second connection is to be had, it is asked for again after so long. */
const ALONE_MS = 5_000;

export interface AppenderParts {
  /** for the statements that write */
  readonly writePool: pg.Pool;
  /** a call is rejected when it was not answered after so long */
  readonly deadlineMs: number;
}

interface Waiting {
  readonly resolve: (outcomes: readonly AppendOutcome[]) => void;
  readonly reject: (error: LedgerError) => void;
  readonly timer: NodeJS.Timeout;
}

export class Appender {
  readonly #parts: AppenderParts;
  readonly #waiting = new Map<AppendCall, Waiting>();
  readonly #queue: Piece[] = [];
  /** what is in the queue */
  readonly #queued = { rows: 0, bytes: 0 };
  /** whether a statement is under way, or about to be */
  #writing = false;
  /** the same of one beside it */
  #writingBeside = false;
  /** until then there is none, as performance.now() says it */
  #aloneUntil = 0;
  #arrived = (): void => undefined;
  #becameIdle = (): void => undefined;

  constructor(parts: AppenderParts) {
    this.#parts = parts;
  }

  append(source: string, candidates: readonly Candidate[]): Promise<readonly AppendOutcome[]> {
    return new Promise((resolve, reject) => {
      const call = appendCall(source, candidates);
      const { deadlineMs } = this.#parts;
      const timer = setTimeout(() => {
        this.#fail(
          call,
          new LedgerError('log-unavailable', `the event log did not answer within ${deadlineMs} ms`),
        );
      }, deadlineMs);
      this.#waiting.set(call, { resolve, reject, timer });
      this.#send(call);
    });
  }

  /** Resolves when no call waits any more; for the end, when no further one comes. */
  async idle(): Promise<void> {
    if (this.#waiting.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#becameIdle = resolve;
    });
  }

  /** Put a call's next piece in the queue, or end the call when there is none. */
  #send(call: AppendCall): void {
    if (call.settled) return;
    const piece = call.pieces.shift();
    if (piece === undefined) {
      // all of it is in the log
      this.#settle(call)?.resolve(call.outcomes.filter((outcome) => outcome !== null));
      return;
    }
    this.#queue.push(piece);
    this.#queued.rows += piece.rows.length;
    this.#queued.bytes += piece.bytes;
    this.#arrived();
    // those who call in the same breath travel together
    if (!this.#writing) {
      this.#writing = true;
      queueMicrotask(() => void this.#drain());
    } else if (!this.#writingBeside && this.#fillsStatement() && performance.now() >= this.#aloneUntil) {
      this.#writingBeside = true;
      queueMicrotask(() => void this.#drainBeside());
    }
  }

  /** Whether what is in the queue is enough for a whole one. */
  #fillsStatement(): boolean {
    return this.#queued.rows >= STATEMENT.rows || this.#queued.bytes >= STATEMENT.bytes;
  }

  async #drain(): Promise<void> {
    let last = 0;
    for (;;) {
      if (last > 1) await this.#gather(last);
      if (this.#queue.length === 0) break;
      const group = this.#take();
      if (group.length > 0) await this.#write(group);
      last = group.length;
    }
    this.#writing = false;
  }

  /** Write what fills whole statements, as long as there is so much and a second connection to write it on. */
  async #drainBeside(): Promise<void> {
    while (this.#fillsStatement()) {
      // what is taken only once there is a connection waits for no other one
      const connected = await this.#write(null);
      if (connected) continue;
      this.#aloneUntil = performance.now() + ALONE_MS;
      break;
    }
    this.#writingBeside = false;
  }

  /** Wait until as many callers have come again as the last statement answered, or a moment. */
  async #gather(callers: number): Promise<void> {
    if (this.#queue.length >= callers) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LINGER_MS);
      this.#arrived = () => {
        if (this.#queue.length < callers) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#arrived = () => undefined;
  }

  #take(): readonly Piece[] {
    const group: Piece[] = [];
    let [rows, bytes] = [0, 0];
    for (const piece of this.#queue) {
      rows += piece.rows.length;
      bytes += piece.bytes;
      if (group.length > 0 && (rows > STATEMENT.rows || bytes > STATEMENT.bytes)) break;
      group.push(piece);
    }
    this.#queue.splice(0, group.length);
    for (const piece of group) {
      this.#queued.rows -= piece.rows.length;
      this.#queued.bytes -= piece.bytes;
    }
    return group.filter(({ call }) => !call.settled);
  }

  /**
   * @param taken what is to be written, whose calls fail when there is no connection; null: it is taken out of the queue
   *   once there is one
   * @returns whether there was a connection
   */
  async #write(taken: readonly Piece[] | null): Promise<boolean> {
    let group = taken ?? [];
    let sent: readonly Piece[] = [];
    let connected = false;
    const send = async (client: pg.PoolClient): ReturnType<typeof appendRows> => {
      connected = true;
      group = taken ?? this.#take();
      // a call may have been given up while this waited for a connection: it was told that nothing is written
      sent = group.filter(({ call }) => !call.settled);
      for (const { call } of sent) call.underWay = true;
      return sent.length === 0
        ? []
        : appendRows(
            client,
            sent.flatMap((piece) => piece.rows),
          );
    };
    try {
      const places = await withConnection(this.#parts.writePool, send, this.#parts.deadlineMs);
      let from = 0;
      for (const piece of sent) {
        piece.call.underWay = false;
        notePlaces(piece, places.slice(from, (from += piece.rows.length)));
        this.#send(piece.call);
      }
    } catch (error) {
      for (const { call } of group) {
        call.underWay &&= mayHaveHappened(error);
        this.#fail(call, logError(error));
      }
    }
    return connected;
  }

  /** Reject a call, with `log-uncertain` if something of it was written or may have been. */
  #fail(call: AppendCall, error: LedgerError): void {
    const uncertain = call.mayStand || call.underWay;
    this.#settle(call)?.reject(
      uncertain && error.code !== 'internal'
        ? new LedgerError('log-uncertain', `the event log may or may not have written: ${error.message}`, {
            cause: error,
          })
        : error,
    );
  }

  #settle(call: AppendCall): Waiting | undefined {
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    call.settled = true;
    clearTimeout(waiting?.timer);
    if (this.#waiting.size === 0) this.#becameIdle();
    return waiting;
  }
}
