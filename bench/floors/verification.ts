/**
 * The floor of verification: the same rows in the order of their indexes, in PostgreSQL's binary form through
 * node-postgres, and one SHA-256 over the bytes of each. One statement for all: server and client work at the same time
 * and nothing waits between statements.
 *
 * Arguments: the login to read with, the number of entries. Prints the seconds that it took, warmed up.
 */
import { hash } from 'node:crypto';
import { connect, copyRows, ENTRY_COLUMNS } from '../support/copied-rows.js';

const WARM_UP = 10_000;
/** What ends the rows is no row. */
const TRAILER_BYTES = 2;

const [url = '', entries = '0'] = process.argv.slice(2);
const client = await connect(url);
await readAndHash(Math.min(WARM_UP, Number(entries)));
const began = performance.now();
const rows = await readAndHash(Number(entries));
const seconds = (performance.now() - began) / 1_000;
await client.end();
if (rows !== Number(entries)) throw new Error(`${rows} rows of ${entries}`);
process.stdout.write(JSON.stringify({ seconds }));

async function readAndHash(to: number): Promise<number> {
  let hashed = 0;
  const query = `SELECT ${ENTRY_COLUMNS} FROM ledger.entry WHERE index < ${to} ORDER BY index`;
  await copyRows(client, `COPY (${query}) TO STDOUT (FORMAT binary)`, (chunk) => {
    if (chunk.length <= TRAILER_BYTES) return;
    hash('sha256', chunk, 'hex');
    hashed += 1;
  });
  return hashed;
}
