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
import { isWellFormed } from '../../ledger/utf8.js';
import type { AppendOutcome, Candidate } from '../port.js';
import { AppendCall, type Item } from './append-call.js';
import type { Connection } from './connection.js';
import { accessDenied, faultOf, type Fault } from './fault.js';
import { appendAnswer, appendRequest } from './messages.js';
import { hiddenFrom, type StreamReader } from './reading.js';
import { StreamIdentities, type Search } from './stream-identities.js';
import { streamOf } from './streams.js';

/**
 * What one request carries at most. The server takes 1,048,576 bytes of data; newer ones count metadata and types too.
 * An event that is larger is tried alone: the server decides.
 */
const REQUEST = { events: 2_000, bytes: 900 * 1024 } as const;

/** No server takes an event of so many bytes, and none must be bothered with it. */
const LARGEST_EVENT = 16 * 1024 * 1024;

const NOT_LEADER_PAUSE_MS = 50;

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
        items.push(...call.waiting.splice(0, 1));
      }
      this.#queue.shift();
    }
    return items;
  }

  /** Give every item its outcome. @throws LedgerError when those without one have none */
  async #write(items: readonly Item[]): Promise<void> {
    let open = items.filter((item) => !refuseAtOnce(item));
    for (;;) {
      open = open.filter(({ call }) => !call.settled);
      if (open.length === 0) return;
      const head = (this.#head ??= await this.#parts.reader.lastRevision(this.#stream));
      await this.#notePresent(open, head);
      // of equal ids the later ones wait until the first is there
      const novel = firstOfEachId(open.filter(isOpen));
      if (novel.length > 0) await this.#send(novel, head);
      open = open.filter(isOpen);
    }
  }

  /** What stands in the stream already has its outcome. */
  async #notePresent(items: readonly Item[], head: number): Promise<void> {
    const known = items.filter(({ candidate }) => !candidate.fresh);
    if (known.length === 0) return;
    const ids = new Set(known.map(({ candidate }) => candidate.id));
    const found = await this.#identities.find(ids, searchFor(known), head);
    for (const { call, at, candidate } of known) {
      const event = found.get(candidate.id);
      if (event !== undefined) call.note(at, { status: 'present', event });
    }
  }

  /**
   * One request. Afterwards the items have outcomes, or the head is known better and they are to be sent again.
   * @throws LedgerError when they can have neither
   */
  async #send(items: readonly Item[], head: number): Promise<void> {
    const { connection, deadlineMs } = this.#parts;
    for (const { call } of items) call.underWay = true;
    const request = appendRequest(
      this.#stream,
      head,
      items.map(({ candidate }) => candidate),
    );
    let answer;
    try {
      answer = appendAnswer(await connection.append(request, Math.round(deadlineMs * 0.8)));
    } catch (error) {
      await this.#failed(items, faultOf(error));
      return;
    }
    if (answer.kind === 'appended' && (await this.#standsThere(items, answer.lastRevision))) {
      this.#appended(items, answer.lastRevision);
    } else {
      this.#head = answer.lastRevision;
    }
    for (const { call } of items) call.underWay = false;
  }

  /** Whether what the server answers with success is what was sent. */
  async #standsThere(items: readonly Item[], lastRevision: number): Promise<boolean> {
    const [first] = items;
    // an id that nobody used before cannot have been written by anybody else
    if (first === undefined || items.some(({ candidate }) => candidate.fresh)) return true;
    const revision = lastRevision - items.length + 1;
    const event = await this.#identities.eventAt(revision);
    if (event === null) throw hiddenFrom(this.#source, revision, lastRevision);
    return event.data.equals(first.candidate.data) && event.metadata.equals(first.candidate.metadata);
  }

  #appended(items: readonly Item[], lastRevision: number): void {
    const first = lastRevision - items.length + 1;
    const ids = items.map(({ candidate }) => candidate.id);
    this.#head = lastRevision;
    this.#identities.wrote(ids, lastRevision, searchFor(items));
    for (const [n, { call, at }] of items.entries()) {
      call.note(at, { status: 'appended', revision: (first + n) as Revision });
    }
  }

  /** @throws LedgerError unless the items have outcomes now, or may be sent again at once */
  async #failed(items: readonly Item[], { kind, detail, cause }: Fault): Promise<void> {
    if (kind === 'broken' || kind === 'too-slow') {
      // it may be written yet: the calls stay under way, and so their outcome uncertain
      this.#head = null;
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

/** Candidates that no server takes have their outcome at once. */
function refuseAtOnce(item: Item): boolean {
  const { candidate } = item;
  const bytes = bytesOf(candidate);
  const reason = !isWellFormed(candidate.type)
    ? 'the type is not well-formed text'
    : bytes > LARGEST_EVENT
      ? `data, metadata and type have ${bytes} bytes together; the log takes ${LARGEST_EVENT} at most`
      : null;
  if (reason !== null) noteAll([item], reason);
  return reason !== null;
}

function noteAll(items: readonly Item[], reason: string): void {
  const refused: AppendOutcome = { status: 'refused', reason };
  for (const { call, at } of items) call.note(at, refused);
}

function isOpen({ call, at }: Item): boolean {
  return !call.settled && call.isOpen(at);
}

function bytesOf({ type, data, metadata }: Candidate): number {
  return Buffer.byteLength(type) + data.length + metadata.length;
}

function firstOfEachId(items: readonly Item[]): readonly Item[] {
  const seen = new Set<EventId>();
  return items.filter(({ candidate: { id } }) => !seen.has(id) && seen.add(id));
}

/** What the calls together want looked through. */
function searchFor(items: readonly Item[]): Search {
  const said = items.map(({ call }) => call.since);
  const since = said.reduce(
    (lowest, one) => (lowest === null || (one !== null && one < lowest) ? one : lowest),
    null,
  );
  return { since, newest: said.includes(null) };
}
