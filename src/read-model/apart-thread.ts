/** Runs in a thread of its own (see apart.ts): goes through the rows that each request asks for. */
import { parentPort, workerData, type MessagePort, type Transferable } from 'node:worker_threads';
import { checkRow } from '../ledger/checked-row.js';
import { LedgerError } from '../ledger/error.js';
import { linesOf } from '../ledger/exported.js';
import type { EntryRow } from '../ledger/row.js';
import { AHEAD, type ApartAnswer, type ApartData, type ApartRequest } from './apart.js';
import { inOurWords } from './in-our-words.js';
import { packed } from './packed-rows.js';
import { openReadingPool } from './reading-pool.js';
import { readRows } from './rows.js';

const { data } = workerData as { readonly data: ApartData };
const pool = openReadingPool({ ...data, connections: 4 });

parentPort?.on('message', (request: ApartRequest) => void answer(request));

async function answer({ of, port, from, to, filters, expressions }: ApartRequest): Promise<void> {
  const taker = new Taker(port);
  try {
    const { schema } = data;
    for await (const rows of inOurWords(readRows({ pool, schema, expressions }, from, to, filters))) {
      if (!(await taker.ready())) return;
      taker.give(...(of === 'lines' ? lines(rows) : checked(rows)));
    }
    taker.give({ what: 'end' });
  } catch (error) {
    const code = error instanceof LedgerError ? error.code : null;
    taker.give({ what: 'failed', code, error: error as Error });
  }
}

function checked(rows: readonly EntryRow[]): [ApartAnswer] {
  return [{ what: 'rows', rows: packed(rows.map(checkRow)) }];
}

function lines(rows: readonly EntryRow[]): [ApartAnswer, ...Transferable[]] {
  const { bytes, count } = linesOf(rows);
  // what is written is in memory of its own, which the other thread is given
  return [{ what: 'lines', bytes, count }, ...(count > 0 ? [bytes.buffer as ArrayBuffer] : [])];
}

/** Whoever asked: takes what it is given, or leaves. */
class Taker {
  readonly #port: MessagePort;
  #free = AHEAD;
  #left = false;
  #wake: (() => void) | null = null;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', () => {
      this.#free += 1;
      this.#wake?.();
    });
    port.once('close', () => {
      this.#left = true;
      this.#wake?.();
    });
  }

  /** Waits until there is room. @returns false: it has left */
  async ready(): Promise<boolean> {
    if (this.#free === 0 && !this.#left) await new Promise<void>((resolve) => (this.#wake = resolve));
    return !this.#left;
  }

  give(answer: ApartAnswer, ...transferred: Transferable[]): void {
    this.#free -= 1;
    this.#port.postMessage(answer, transferred);
  }
}
