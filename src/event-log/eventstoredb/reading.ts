/** Reading streams and places: in pages, so that no call outlives its deadline because its reader takes its time. */
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import { LedgerError } from '../../ledger/error.js';
import type { Instant, Position, RecordedEvent, Revision, StreamEvent } from '../../ledger/types.js';
import { isWellFormed } from '../../ledger/utf8.js';
import type { LookUp, ReadOptions } from '../port.js';
import type { Connection } from './connection.js';
import { faultOf, logReadFailure, readFailure } from './fault.js';
import {
  readAnswer,
  readLogRequest,
  readStreamRequest,
  type LogRead,
  type LogRecord,
  type StreamRead,
} from './messages.js';
import { comparePositions } from './position.js';
import { hidingIn } from './stream-metadata.js';
import { eventInLog, eventOf, SOURCE_PREFIX, streamOf } from './streams.js';

/** A page ends with so many events, or so many bytes of data and metadata. */
const PAGE = { events: 1_000, bytes: 8 * 1024 * 1024 } as const;

/** The newest event of a stream. */
const LAST = { from: null, backwards: true, limit: 1 } as const;

interface Page {
  readonly records: readonly LogRecord[];
  /** there may be more in this direction */
  readonly full: boolean;
}

export class StreamReader {
  readonly #connection: Connection;
  readonly #deadlineMs: number;

  /** @param deadlineMs for each page of a source, and for all that another question takes */
  constructor(connection: Connection, deadlineMs: number) {
    this.#connection = connection;
    this.#deadlineMs = deadlineMs;
  }

  /** See EventLog.readSource. A stream with a tombstone yields nothing: the server hides it. */
  async *source(source: string, options: ReadOptions = {}): AsyncGenerator<StreamEvent, void, undefined> {
    if (!isWellFormed(source)) return;
    const backwards = options.direction === 'backwards';
    const stream = streamOf(source);
    let from: number | null = options.from ?? null;
    let left = options.limit ?? Infinity;
    while (left > 0 && (from === null || from >= 0)) {
      const page = { stream, from, backwards, limit: Math.min(left, PAGE.events) };
      const { records, full } = await this.#page(page, this.#until());
      for (const record of records) {
        const event = eventOf(record);
        if (event !== null) yield event;
      }
      const last = records.at(-1);
      if (last === undefined || !full) return;
      left -= records.length;
      from = Number(last.revision) + (backwards ? -1 : 1);
    }
  }

  /** The revision that the stream ends with as far as it can be read; −1 when nothing of it can. */
  async lastRevision(stream: string): Promise<number> {
    const { records } = await this.#page({ stream, ...LAST }, this.#until());
    return records[0] === undefined ? -1 : Number(records[0].revision);
  }

  /** See EventLog.lookUp. */
  async lookUp(source: string, revision: Revision): Promise<LookUp> {
    if (!isWellFormed(source)) return { status: 'absent', lastRevision: null };
    const stream = streamOf(source);
    const until = this.#until();
    const next = await this.#event({ stream, from: revision, backwards: false, limit: 1 }, until);
    if (next?.revision === revision) return { status: 'found', event: next };
    if (next !== null) return { status: 'hidden', reason: 'truncated' };
    // what is hidden stands before what is shown: a stream ends where the server shows that it does
    const last = await this.#event({ stream, ...LAST }, until);
    if (last !== null && last.revision < revision) return { status: 'absent', lastRevision: last.revision };
    if (last !== null) return this.lookUp(source, revision);
    const hiding = await this.#hiding(stream, revision, until);
    return hiding === null ? { status: 'absent', lastRevision: null } : { status: 'hidden', reason: hiding };
  }

  /** The newest event of any source. */
  async newest(): Promise<RecordedEvent | null> {
    const until = this.#until();
    for (let from: Position | null = null; ;) {
      const records = await this.#log({ from, backwards: true, limit: 10 }, until);
      const event = records.map(eventInLog).find((found) => found !== null);
      if (event !== undefined) return event;
      const last = records.at(-1);
      if (last === undefined || last.position === from) return null;
      from = last.position;
    }
  }

  /** When the first event after a position was recorded; null when there is none. */
  async oldestAfter(position: Position | null): Promise<Instant | null> {
    const until = this.#until();
    for (let from = position; ;) {
      const records = await this.#log({ from, backwards: false, limit: 10 }, until);
      const event = records
        .map(eventInLog)
        .find(
          (found) => found !== null && (position === null || comparePositions(found.position, position) > 0),
        );
      if (event !== undefined && event !== null) return event.loggedAt;
      const last = records.at(-1);
      if (last === undefined || last.position === from) return null;
      from = last.position;
    }
  }

  /** Why the server shows nothing of a stream; null when there is nothing, or not so much. */
  async #hiding(stream: string, revision: number, until: number): Promise<'truncated' | 'deleted' | null> {
    if (await this.#isTombstoned(stream, until)) return 'deleted';
    const { records } = await this.#page({ stream: `$$${stream}`, ...LAST }, until);
    if (records[0] === undefined) return null;
    const { before, deleted, maxAge, maxCount, understood } = hidingIn(records[0].data);
    if (deleted) return 'deleted';
    // what is hidden by age or number, and by what is not understood, only the server knows
    const mayHide = maxAge !== null || maxCount !== null || !understood;
    return mayHide || (before !== null && before > revision) ? 'truncated' : null;
  }

  async #isTombstoned(stream: string, until: number): Promise<boolean> {
    try {
      await this.#answers(readStreamRequest({ stream, ...LAST }), 1, until);
      return false;
    } catch (error) {
      if (faultOf(error).kind === 'stream-deleted') return true;
      throw readFailure(error);
    }
  }

  #until(): number {
    return Date.now() + this.#deadlineMs;
  }

  async #event(read: StreamRead, until: number): Promise<StreamEvent | null> {
    const { records } = await this.#page(read, until);
    return records[0] === undefined ? null : eventOf(records[0]);
  }

  async #page(read: StreamRead, until: number): Promise<Page> {
    try {
      return await this.#answers(readStreamRequest(read), read.limit, until);
    } catch (error) {
      if (faultOf(error).kind === 'stream-deleted') return { records: [], full: false };
      throw readFailure(error);
    }
  }

  async #log(
    read: Omit<LogRead, 'prefixes' | 'limit'> & { readonly limit: number },
    until: number,
  ): Promise<readonly LogRecord[]> {
    try {
      const request = readLogRequest({ ...read, prefixes: [SOURCE_PREFIX] });
      return (await this.#answers(request, read.limit, until)).records;
    } catch (error) {
      throw logReadFailure(error);
    }
  }

  /** Asked twice when the connection breaks meanwhile: of one that a restart has left, the first to use it hears. */
  async #answers(request: ReadReq, limit: number, until: number): Promise<Page> {
    try {
      return await this.#ask(request, limit, until);
    } catch (error) {
      if (faultOf(error).kind !== 'broken' || Date.now() >= until) throw error;
      return await this.#ask(request, limit, until);
    }
  }

  async #ask(request: ReadReq, limit: number, until: number): Promise<Page> {
    const records: LogRecord[] = [];
    let bytes = 0;
    for await (const answer of this.#connection.read(request, until - Date.now())) {
      const read = readAnswer(answer);
      if (read.kind !== 'record') continue;
      records.push(read.record);
      bytes += read.record.data.length + read.record.metadata.length;
      if (bytes > PAGE.bytes) break;
    }
    return { records, full: records.length >= limit || bytes > PAGE.bytes };
  }
}

/** The server shows less of a source than it holds: what stands there cannot be looked for. */
export function hiddenFrom(source: string, from: number, to: number): LedgerError {
  return new LedgerError(
    'log-unavailable',
    `EventStoreDB hides revisions of source ${JSON.stringify(source.slice(0, 200))} between ${from} and ${to} (its stream ` +
      `is truncated), so that ids cannot be looked for until the ledger has these events`,
  );
}
