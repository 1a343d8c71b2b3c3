/**
 * The floor of catching up: the same events read through the same adapter and thrown away, and the rows that they came
 * to, finished, copied into the same tables in the same batches, each one durable transaction. While one batch is copied
 * the events of the next are read, as the projector does it.
 *
 * Arguments: the login to read the log with, a superuser's URL, the folder with the batches. Prints events a second, from
 * the first batch that was committed to the last.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { openPostgresEventLog } from '../../src/event-log/postgres/event-log.js';

/** Rows as COPY takes them. */
interface FinishedBatch {
  readonly entries: number;
  readonly rows: Buffer;
}

const [projectorUrl = '', superuserUrl = '', folder = ''] = process.argv.slice(2);

const batches = await readBatches();
const log = openPostgresEventLog({ url: projectorUrl, applicationName: 'bench floor' });
const client = new pg.Client({ connectionString: superuserUrl });
await client.connect();
process.stdout.write(`${await catchUp()}\n`);
await client.end();
await log.close();

async function catchUp(): Promise<number> {
  const enough = new AbortController();
  const subscription = log.subscribe({ after: null, signal: enough.signal })[Symbol.asyncIterator]();
  let copying: Promise<unknown> = Promise.resolve();
  let began = 0;
  let read = 0;
  let due = 0;
  for (const [n, { entries, rows }] of batches.entries()) {
    due += entries;
    while (read < due) {
      const next = await subscription.next();
      if (next.done === true) throw new Error('the log has fewer events than there are rows');
      read += next.value.events.length;
    }
    await copying;
    if (n === 1) began = performance.now();
    copying = copy(rows);
  }
  await copying;
  const seconds = (performance.now() - began) / 1_000;
  enough.abort();
  return (due - (batches[0]?.entries ?? 0)) / seconds;
}

/** A statement by itself is a transaction: it is on disk when this resolves. */
async function copy(rows: Buffer): Promise<void> {
  const into = client.query(copyFrom('COPY ledger.entry FROM STDIN (FORMAT binary)'));
  await pipeline(Readable.from([rows]), into);
}

/** Named by the number of their entries, in their order. */
async function readBatches(): Promise<readonly FinishedBatch[]> {
  const names = (await readdir(folder)).sort();
  return Promise.all(
    names.map(async (name) => ({
      entries: Number(name.split('-')[1]),
      rows: await readFile(join(folder, name)),
    })),
  );
}
