/** Runs in a thread of its own (see apart.ts): goes through the rows that each request asks for. */
import { parentPort, workerData, type Transferable } from 'node:worker_threads';
import { checkRow } from '../ledger/checked-row.js';
import { LedgerError } from '../ledger/error.js';
import { linesOf } from '../ledger/exported.js';
import type { EntryRow } from '../ledger/row.js';
import { AHEAD, type ApartAnswer, type ApartData, type ApartRequest } from './apart.js';
import { inOurWords } from './in-our-words.js';
import { packed } from './packed-rows.js';
import { openReadingPool } from './reading-pool.js';
import { readRows } from './rows.js';
import { Taker } from './taker.js';

const { data } = workerData as { readonly data: ApartData };
/** Longer than any of the statements that the others run: an export that has begun does not end because of them. */
const FREE_CONNECTION_MS = 30_000;

const pool = openReadingPool({ ...data, connections: 4, connectTimeoutMs: FREE_CONNECTION_MS });

parentPort?.on('message', (request: ApartRequest) => void answer(request));

async function answer({ of, port, from, to, filters, expressions }: ApartRequest): Promise<void> {
  const taker = new Taker<ApartAnswer>(port, AHEAD);
  let answers = 0;
  try {
    const { schema } = data;
    for await (const rows of inOurWords(readRows({ pool, schema, expressions }, from, to, filters))) {
      if (!(await taker.ready())) return;
      taker.give(...(of === 'lines' ? lines(rows) : checked(rows)));
      answers += 1;
    }
    taker.give({ what: 'end', answers });
  } catch (error) {
    tell(taker, error as Error);
  }
}

function tell(taker: Taker<ApartAnswer>, error: Error): void {
  const code = error instanceof LedgerError ? error.code : null;
  try {
    taker.give({ what: 'failed', code, error });
  } catch {
    // its cause cannot be cloned
    taker.give({ what: 'failed', code, error: new Error(error.message) });
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
