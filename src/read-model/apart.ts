/**
 * Going through many rows in a thread of its own: who exports or verifies a ledger does not hold up those who ask for little,
 * nor they it, and two cores do the work. The thread has connections of its own; it begins when it is first needed, and ends
 * when nobody has needed it for a while.
 */
import { on } from 'node:events';
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import type { CheckedRow } from '../ledger/checked-row.js';
import { LedgerError, type LedgerErrorCode } from '../ledger/error.js';
import type { Lines } from '../ledger/exported.js';
import type { EventFilters } from '../ledger/filters.js';
import type { RowsApart } from '../ledger/verification.js';
import { startThread } from '../threads.js';
import { unpacked, type PackedRows } from './packed-rows.js';
import type { LinesApart } from './port.js';
import type { SchemaName } from './schema-name.js';

/** What the thread is given when it begins. */
export interface ApartData {
  readonly url: string;
  readonly schema: SchemaName;
  /** how long each of its statements may take */
  readonly queryLimitMs: number;
}

/** What is asked of it, each with a port for the answers, which whoever asks closes when it wants no more. */
export interface ApartRequest {
  readonly of: 'checked' | 'lines';
  readonly port: MessagePort;
  readonly from: number;
  readonly to: number;
  readonly filters: EventFilters | undefined;
  /** as of readRows */
  readonly expressions: readonly string[];
}

/** What comes back; each item is answered by a message once it was taken. */
export type ApartAnswer =
  | { readonly what: 'rows'; readonly rows: PackedRows }
  | { readonly what: 'lines'; readonly bytes: Uint8Array; readonly count: number }
  /** with the number of all answers before it */
  | { readonly what: 'end'; readonly answers: number }
  | { readonly what: 'failed'; readonly code: LedgerErrorCode | null; readonly error: Error };

/** Answers that are made before the first of them is taken; besides, the rows of a statement wait. */
export const AHEAD = 2;

/** A thread takes a third of a second to begin, in which some 16,000 entries are read. */
const LEAST_ENTRIES = 16_384;

/** It takes some 50 MB, and up to 100 where the thread that serves has grown by other work. */
const IDLE_MS = 30_000;

export class ApartReader {
  readonly #data: ApartData;
  readonly #leastEntries: number;
  readonly #idleMs: number;
  #thread: Thread | null = null;
  #asked = 0;
  #idle: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param leastEntries that are worth a thread. @param idleMs after which one ends that nobody needs */
  constructor(data: ApartData, leastEntries = LEAST_ENTRIES, idleMs = IDLE_MS) {
    this.#data = data;
    this.#leastEntries = leastEntries;
    this.#idleMs = idleMs;
  }

  /** Whether so many are. */
  isWorth(entries: number): boolean {
    return entries >= this.#leastEntries;
  }

  rows(expressions: readonly string[]): RowsApart & LinesApart {
    const ask = (of: ApartRequest['of'], from: number, to: number, filters: EventFilters | undefined) =>
      this.#ask({ of, from, to, filters, expressions });
    return {
      async *checked(from, to, filters): AsyncGenerator<Iterable<CheckedRow>, void, void> {
        for await (const answer of ask('checked', from, to, filters)) {
          if (answer.what === 'rows') yield unpacked(answer.rows);
        }
      },
      async *lines(from, to, filters): AsyncGenerator<Lines, void, void> {
        for await (const answer of ask('lines', from, to, filters)) {
          if (answer.what !== 'lines') continue;
          const { bytes, count } = answer;
          yield { bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), count };
        }
      },
    };
  }

  /** Whoever still reads is told that it is over. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#idle);
    await this.#thread?.worker.terminate();
  }

  async *#ask(request: Omit<ApartRequest, 'port'>): AsyncGenerator<ApartAnswer, void, void> {
    const thread = this.#begin();
    const { port1: port, port2 } = new MessageChannel();
    const answers = on(port, 'message', { close: ['close'] }) as AsyncIterable<[ApartAnswer]>;
    thread.ports.add(port);
    try {
      thread.worker.postMessage({ ...request, port: port2 } satisfies ApartRequest, [port2]);
      let taken = 0;
      for await (const [answer] of answers) {
        if (answer.what === 'failed') throw failureOf(answer);
        if (answer.what === 'end') {
          if (answer.answers === taken) return;
          throw new LedgerError('internal', `${taken} of ${answer.answers} answers came from the thread`);
        }
        yield answer;
        taken += 1;
        port.postMessage('taken');
      }
      const cause = await thread.ended;
      throw this.#isClosed
        ? closed()
        : new LedgerError('internal', 'the thread that reads rows has ended', { cause });
    } finally {
      thread.ports.delete(port);
      port.close();
      this.#end();
    }
  }

  #begin(): Thread {
    if (this.#isClosed) throw closed();
    clearTimeout(this.#idle);
    this.#thread ??= this.#start();
    this.#asked += 1;
    return this.#thread;
  }

  #end(): void {
    this.#asked -= 1;
    if (this.#asked > 0 || this.#isClosed) return;
    this.#idle = setTimeout(() => {
      void this.#thread?.worker.terminate();
      this.#thread = null;
    }, this.#idleMs);
    this.#idle.unref();
  }

  #start(): Thread {
    const worker = startThread('read-model/apart-thread', { data: this.#data });
    // who reads keeps the process by its port
    worker.unref();
    let failure: unknown;
    worker.on('error', (error) => (failure ??= error));
    const ended = new Promise<unknown>((resolve) => worker.once('exit', () => resolve(failure)));
    const thread = { worker, ended, ports: new Set<MessagePort>() };
    void ended.then(() => {
      // what was sent to it last, it may never have taken
      for (const port of thread.ports) port.close();
      if (this.#thread === thread) this.#thread = null;
    });
    return thread;
  }
}

interface Thread {
  readonly worker: Worker;
  /** with what it ended by, if that was a failure */
  readonly ended: Promise<unknown>;
  /** of those who wait for it */
  readonly ports: Set<MessagePort>;
}

function closed(): LedgerError {
  return new LedgerError('store-unavailable', 'the reader is closed');
}

function failureOf({ code, error }: Extract<ApartAnswer, { readonly what: 'failed' }>): Error {
  return code === null ? error : new LedgerError(code, error.message, { cause: error.cause });
}
