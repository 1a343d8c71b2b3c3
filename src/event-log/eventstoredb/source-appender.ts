/**
 * Appends to one source's stream, one request at a time: what comes meanwhile gathers for the next.
 *
 * Every request names the revision that the stream must end with. The server would otherwise answer a repeated id with
 * success whatever its content, and forget ids over a restart; so nothing is swallowed, revisions are true, and of a
 * late first attempt and its repetition only one can win. One case is left, in which the server takes a request as the
 * repetition of one that wrote the same ids at this very place: what stands there is read, and held to what was sent.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { LedgerError } from '../../ledger/error.js';
import type { EventId, Revision } from '../../ledger/types.js';
import type { AppendOutcome, Candidate } from '../port.js';
import { AppendCall, type Item } from './append-call.js';
import { bytesOf, firstOfEachId, isOpen, isSame, noteAll, refuseAtOnce, searchFor } from './append-items.js';
import type { Connection } from './connection.js';
import { accessDenied, faultOf, NotSent, readFailure, type Fault } from './fault.js';
import { appendAnswer, appendRequest, NOWHERE, type AppendAnswer } from './messages.js';
import { hiddenFrom, type StreamReader } from './reading.js';
import { StreamIdentities } from './stream-identities.js';
import { streamOf } from './streams.js';

/**
 * What one request carries at most. The server takes 1,048,576 bytes of data; newer ones count metadata and types too.
 * An event that is larger is tried alone: the server decides.
 */
const REQUEST = { events: 2_000, bytes: 900 * 1024 } as const;

const NOT_LEADER_PAUSE_MS = 50;

/** Of so many identities it is remembered, the newest, that a request with them was never answered. */
const MOST_IN_DOUBT = 10_000;

export interface SourceAppenderParts {
  readonly connection: Connection;
  readonly reader: StreamReader;
  /** a call is rejected when it was not answered after so long */
  readonly deadlineMs: number;
}

export class SourceAppender {
  readonly #source: string;
  readonly #stream: string;
  readonly #parts: SourceAppenderParts;
  readonly #queue: AppendCall[] = [];
  readonly #identities: StreamIdentities;
  /** the revision that the stream ends with, −1 for no stream, null when that is not known */
  #head: number | null = null;
  #writing = false;
  /** identities that an earlier request may have written, or may write yet */
  readonly #inDoubt = new Set<EventId>();

  /** @throws LedgerError `invalid-input` for a source that is no well-formed text */
  constructor(source: string, parts: SourceAppenderParts) {
    this.#source = source;
    this.#stream = streamOf(source);
    this.#parts = parts;
    this.#identities = new StreamIdentities(source, parts.reader);
  }

  /** How many identities it remembers. */
  get remembered(): number {
    return this.#identities.size;
  }

  get busy(): boolean {
    return this.#writing;
  }

  /** See EventLog.append. */
  append(candidates: readonly Candidate[], since: number | null): Promise<readonly AppendOutcome[]> {
    const call = new AppendCall(candidates, since, this.#parts.deadlineMs);
    if (!call.settled) {
      this.#queue.push(call);
      if (!this.#writing) {
        this.#writing = true;
        // those who call in the same breath travel together
        queueMicrotask(() => void this.#drain());
      }
    }
    return call.outcome;
  }

  async #drain(): Promise<void> {
    for (let items = this.#take(); items.length > 0; items = this.#take()) {
      try {
        await this.#write(items);
      } catch (error) {
        const failure =
          error instanceof LedgerError
            ? error
            : new LedgerError('internal', 'appending to EventStoreDB failed', { cause: error });
        for (const { call } of items) call.fail(failure);
      }
    }
    this.#writing = false;
  }

  /** The next items, in order, as many as travel together; one at least unless there are none. */
  #take(): readonly Item[] {
    const items: Item[] = [];
    let bytes = 0;
    for (let call = this.#queue[0]; call !== undefined; call = this.#queue[0]) {
      while (!call.settled && call.waiting[0] !== undefined) {
        bytes += bytesOf(call.waiting[0].candidate);
        if (items.length > 0 && (items.length === REQUEST.events || bytes > REQUEST.bytes)) return items;
        items.push(call.waiting[0]);
        call.waiting.shift();
      }
      this.#queue.shift();
    }
    return items;
  }

  /** Give every item its outcome. @throws LedgerError when those without one have none */
  async #write(items: readonly Item[]): Promise<void> {
    let open = items.filter((item) => !refuseAtOnce(item));
    for (;;) {
      open = open.filter(isOpen);
      if (open.length === 0) return;
      const head = (this.#head ??= await this.#findHead());
      await this.#notePresent(open, head);
      // of equal ids the later ones wait until the first is there
      const novel = firstOfEachId(open.filter(isOpen));
      if (novel.length > 0) await this.#send(novel, head);
    }
  }

  /** The stream's last revision, also of a stream that is hidden from its readers. */
  async #findHead(): Promise<number> {
    const { connection, reader, deadlineMs } = this.#parts;
    const shown = await reader.lastRevision(this.#stream);
    if (shown >= 0) return shown;
    try {
      const answer = await connection.append(
        appendRequest(this.#stream, NOWHERE, []),
        Math.round(deadlineMs * 0.8),
      );
      return appendAnswer(answer).lastRevision;
    } catch (error) {
      const { kind } = faultOf(error);
      // what is sent will be refused by the same word
      if (kind === 'stream-deleted' || kind === 'refused') return -1;
      throw readFailure(error);
    }
  }

  /** What stands in the stream already has its outcome; a call that cannot know what does has failed. */
  async #notePresent(items: readonly Item[], head: number): Promise<void> {
    const known = items.filter(({ candidate }) => !candidate.fresh);
    if (known.length === 0) return;
    const ids = new Set(known.map(({ candidate }) => candidate.id));
    const wanted = (): boolean => known.some(isOpen);
    const found = await this.#identities.find(ids, searchFor(known), head, wanted);
    for (const { call, at, candidate } of known) {
      const place = found.places.get(candidate.id);
      const { since } = call;
      if (place?.shown === true) call.note(at, { status: 'present', revision: place.revision });
      else if (place !== undefined || (since !== null && found.lastHidden >= since)) {
        call.fail(hiddenFrom(this.#source, since ?? 0, head));
      }
    }
  }

  /**
   * One request. Afterwards the items have outcomes, or the head is known better and they are to be sent again.
   * @throws LedgerError when they can have neither
   */
  async #send(items: readonly Item[], head: number): Promise<void> {
    const { connection, deadlineMs } = this.#parts;
    const candidates = items.map(({ candidate }) => candidate);
    const sending = (): boolean => {
      // whoever was given up meanwhile was told that nothing is written
      if (!items.every(isOpen)) return false;
      for (const { call } of items) call.underWay = true;
      return true;
    };
    let answer;
    try {
      const request = appendRequest(this.#stream, head, candidates);
      answer = appendAnswer(await connection.append(request, Math.round(deadlineMs * 0.8), sending));
    } catch (error) {
      if (error instanceof NotSent && !items.every(isOpen)) return;
      await this.#failed(items, faultOf(error));
      return;
    }
    try {
      if (answer.kind === 'appended' && (await this.#standThere(candidates, answer))) {
        this.#appended(items, answer.lastRevision);
      } else {
        this.#head = answer.lastRevision;
      }
    } catch (error) {
      this.#doubt(items);
      throw error;
    }
    for (const { call } of items) call.underWay = false;
  }

  /**
   * Whether what the server answers with success is what was sent. Bytes that are of one attempt alone tell that this
   * request wrote them, and then all of it; unless they may be those of an earlier request that was never answered.
   */
  async #standThere(
    candidates: readonly Candidate[],
    { lastRevision, placed }: Extract<AppendAnswer, { kind: 'appended' }>,
  ): Promise<boolean> {
    // an id that nobody used before cannot have been written by anybody else
    if (candidates.some(({ fresh }) => fresh)) return true;
    const first = lastRevision - candidates.length + 1;
    const isDoubtful = candidates.some(({ id }) => this.#inDoubt.has(id));
    let shown = false;
    for await (const event of this.#identities.shown(isDoubtful ? first : lastRevision, lastRevision + 1)) {
      if (!isSame(event, candidates[event.revision - first])) return false;
      shown = true;
    }
    if (shown) return true;
    // the stream is hidden: the server says where events stand that it has just written, and of no others
    if (placed) return true;
    throw hiddenFrom(this.#source, first, lastRevision);
  }

  #appended(items: readonly Item[], lastRevision: number): void {
    const first = lastRevision - items.length + 1;
    const ids = items.map(({ candidate }) => candidate.id);
    this.#head = lastRevision;
    this.#identities.wrote(ids, lastRevision, searchFor(items));
    for (const [n, { call, at, candidate }] of items.entries()) {
      call.note(at, { status: 'appended', revision: (first + n) as Revision });
      this.#inDoubt.delete(candidate.id);
    }
  }

  #doubt(items: readonly Item[]): void {
    this.#head = null;
    for (const { candidate } of items) this.#inDoubt.add(candidate.id);
    for (const oldest of this.#inDoubt) {
      if (this.#inDoubt.size <= MOST_IN_DOUBT) return;
      this.#inDoubt.delete(oldest);
    }
  }

  /** @throws LedgerError unless the items have outcomes now, or may be sent again at once */
  async #failed(items: readonly Item[], { kind, detail, cause }: Fault): Promise<void> {
    if (kind === 'broken' || kind === 'too-slow') {
      // it may be written yet: the calls stay under way, and so their outcome uncertain
      this.#doubt(items);
      throw new LedgerError('log-unavailable', `EventStoreDB did not answer: ${detail}`, { cause });
    }
    for (const { call } of items) call.underWay = false;
    switch (kind) {
      case 'not-leader':
        await delay(NOT_LEADER_PAUSE_MS);
        return;
      case 'refused':
        await this.#split(items, detail);
        return;
      case 'stream-deleted':
        noteAll(items, 'the stream of its source has a tombstone in EventStoreDB, and takes nothing more');
        return;
      case 'denied':
        throw accessDenied(detail, cause);
      case 'unreachable':
        throw new LedgerError('log-unavailable', `EventStoreDB cannot be reached: ${detail}`, { cause });
    }
  }

  /** Find the one that the server refuses for good, and let the others pass. */
  async #split(items: readonly Item[], detail: string): Promise<void> {
    if (items.length === 1) {
      noteAll(items, `EventStoreDB refuses it (${detail})`);
      return;
    }
    const half = Math.ceil(items.length / 2);
    await this.#write(items.slice(0, half));
    await this.#write(items.slice(half));
  }
}
